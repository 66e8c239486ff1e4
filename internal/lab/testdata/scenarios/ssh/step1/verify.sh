#!/bin/bash
ssh node01 cat /root/state | grep -qx ready
