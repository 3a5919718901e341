#!/usr/bin/env bash
# Makes four machines of namespaces (node1, node2, node3, and edge for HAProxy) on one network, and runs the test among them. It is
# process 1 of a process namespace that scripts/test-cluster makes: when it ends, so do all processes and networks, and it
# collects the processes that others leave behind.
set -euo pipefail
here=$(dirname "$0")

mount -t tmpfs tmpfs /run
mkdir /run/netns
mount --bind "$here/config/hosts" /etc/hosts
ip link set lo up
ip link add lan type bridge
ip address add 10.0.0.254/24 dev lan
ip link set lan up
for machine in node1:1 node2:2 node3:3 edge:10; do
    name=${machine%:*} number=${machine#*:}
    ip netns add "$name"
    ip link add "$name" type veth peer name eth0 netns "$name"
    ip link set "$name" master lan up
    ip -n "$name" address add "10.0.0.$number/24" dev eth0
    ip -n "$name" link set lo up
    ip -n "$name" link set eth0 up
done

status=0
node "$here/run.mjs" "$@" || status=$?
exit "$status"
