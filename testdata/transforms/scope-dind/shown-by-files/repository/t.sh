#!/bin/sh
echo quiet
