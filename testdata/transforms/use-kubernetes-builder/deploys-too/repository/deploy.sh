#!/bin/sh
set -e
helm upgrade app chart
