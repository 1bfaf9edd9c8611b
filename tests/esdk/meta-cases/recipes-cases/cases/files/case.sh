#!/bin/sh
echo case
