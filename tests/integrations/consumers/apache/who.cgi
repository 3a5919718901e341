#!/bin/sh
printf 'Content-Type: application/json\r\n\r\n{"user":"%s"}' "$REMOTE_USER"
