#!/bin/sh
$DC up
