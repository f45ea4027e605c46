#!/usr/bin/env python3
"""A mix whose learning span holds an attack that comes again later.

    poison.py CAPTURES NAME MINUTES OUTPUT.pcap

CAPTURES is the folder with the mix, x_mix_iot_home.pcap, and the single attacks; NAME one of those below. The attack is under the
addresses that it has in the mix later on, and ends five minutes before the learning span does.
"""

import heapq
import sys

from captures import excerpt, frames, write

MIX, LEARNING = "x_mix_iot_home", 25
# The attack's addresses in its own capture, and in the mix.
ATTACKS = {
    "a_nmap_synscan": {"172.16.0.8": "172.16.0.8", "64.13.134.52": "10.10.10.6"},
    "a_ssh_hydra1": {"240.0.1.2": "203.0.113.13", "240.125.0.2": "10.10.10.37"},
    "a_ssh_hydra4": {"240.0.1.3": "203.0.113.13", "240.125.0.2": "10.10.10.37"},
    "a_slowloris": {"154.49.2.126": "154.49.2.126", "119.162.193.187": "10.10.10.6"},
    "a_icmp_flood": {"10.0.0.2": "203.0.113.22", "10.128.0.2": "10.10.10.37"},
    "a_dns_tunnel_iodine": {"192.168.117.128": "10.10.10.6"},
    "a_beacon_2s": {"147.32.80.37": "10.10.10.252"},
    "a_http_hulk": {"192.168.20.3": "154.49.2.126", "192.168.1.2": "10.10.10.6"},
}


def main():
    folder, name, minutes, output = sys.argv[1:]
    mix = frames(f"{folder}/{MIX}.pcap")
    first = next(mix)
    start = first[0] + (LEARNING - 5 - int(minutes)) * 60_000_000
    attack = excerpt(f"{folder}/{name}.pcap", start, int(minutes) * 60, ATTACKS[name])
    write(output, heapq.merge([first], mix, attack, key=lambda row: row[0]))


if __name__ == "__main__":
    if len(sys.argv) == 1:
        print(*ATTACKS)
    else:
        main()
