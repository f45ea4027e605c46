import Detection
import Traffic

/// Every key of the configuration file: its name, place, values and meaning.
///
/// The only source for reading a file, for printing one, and for what the documentation says. Defaults are
/// those of `Configuration()`.
enum Schema {
    static let keys: [Key] = [
        Key(
            interfaces: "interfaces",
            """
            Interfaces to guard, for example [eth0]: packets that arrive there are counted and, in the mode
            "enforce", dropped. `sluice run --interface` overrides it. Which side one is on is found out by routes and
            addresses, or said: [{name: eth0, role: wan}, {name: eth1, role: lan}].
            """),
        Key(
            "attach", \.attach, .choice(),
            """
            How the program is attached: in the driver (native), in the network stack (generic: slower, but
            works with every driver), or native where the driver can and else generic (auto).
            """),
        Key(
            "martians", \.martians, .choice(),
            """
            What becomes of packets that come in from outside in the name of our own networks. They are evidence of
            nothing in any case. drop: dropped. count: passed on. auto: dropped where the kernel drops them anyway
            (net.ipv4.conf.*.rp_filter=1), which says that routes are symmetric.
            """),
        Key(
            "mode", \.mode, .choice(),
            """
            What the agent does by itself. learn: decides nothing. shadow: decides and reports, drops nothing.
            limit: limits sources. enforce: bans sources. Manual bans are enforced in every mode.
            """),
        Key(
            groups: "groups",
            """
            Policy groups: traffic with a mode, durations and thresholds of its own, for example
            [{name: servers, protects: [192.0.2.0/24], mode: enforce, bans: {duration: 1h}}].
            What a group is for: protects (prefixes that are attacked), interfaces or roles (where the traffic
            comes in), or both. Each may have mode, bans, limits and detection.false_alarms_per_day; what it
            does not say is as in the rest. With model: own (else shared), what is usual in the group is learned
            apart, by the kind detection.model. Of several groups the one with the longest prefix counts, then one
            that names the interface, then one that names its role.
            """),
        Key(
            "interval", \.interval, .duration(from: .milliseconds(50), through: .milliseconds(250)),
            "How often traffic is read and judged."),
        Key(
            "local_networks", \.localNetworks, listOf: .prefix,
            """
            Your own networks, for example [192.168.0.0/16, 2001:db8:12::/48]. IPv6 addresses in them are
            judged one by one, never as a prefix.
            """),
        Key(
            "ipv6_source_prefix", \.ipv6SourcePrefix, .integer(from: 48, through: 128),
            "IPv6 sources outside local_networks are judged and banned as prefixes of this length."),
        Key(
            "allow", \.allow, listOf: .prefix,
            """
            Addresses and prefixes that are never dropped and never limited, whatever any rule says. The
            addresses of this machine and of its gateways need not be listed.
            """),
        Key(
            "learn.duration", \.learn.duration, .duration(from: .seconds(1), through: .days(30)),
            "How long the agent learns what is normal here before it uses what it learned."),
        Key(
            "learn.retrain", \.learn.retrain, .duration(from: .seconds(10), through: .days(30)),
            "How often a new model is trained on what was recorded of late ..."),
        Key(
            "learn.trial", \.learn.trial, .duration(from: .seconds(1), through: .days(30)),
            """
            ... how long it then judges beside the one in use, before it takes over: only if it raises no more
            alarms, and finds every stored attack that the one in use finds ...
            """),
        Key(
            "learn.memory", \.learn.memory, .duration(from: .seconds(10), through: .days(365)),
            "... and how far back the recorded windows go that it is trained on."),
        Key(
            "detection.false_alarms_per_day", \.detection.falseAlarmsPerDay,
            .number(from: 0.01, through: 1000),
            "How many false alarms a day you accept. Fewer means that attacks must be plainer to be seen."),
        Key(
            "detection.model", \.detection.model, .choice(),
            """
            The kind of model that learns what is usual here: autoencoder, principal components,
            isolation forest, k means, or one-class support vector machine. docs/models.md compares them.
            """),
        Key(
            "models.trusted_keys", \.models.trustedKeys, listOf: .publicKey,
            """
            Agents whose models this one takes with `sluice model import`, beside its own, by the public keys that
            `sluice model key` prints there.
            """),
        Key(
            "bans.duration", \.bans.duration, .duration(from: .seconds(1), through: .days(30)),
            "How long a first automatic ban lasts. The next one of the same source lasts twice as long ..."
        ),
        Key(
            "bans.maximum", \.bans.maximum, .duration(from: .seconds(1), through: .days(365)),
            "... up to this."),
        Key(
            "bans.widest_ipv4", \.bans.widestIPv4, .integer(from: 24, through: 32),
            """
            Bans on four neighbours are widened to their network: IPv4 to /24, unless this is a longer prefix
            (32: never), and ...
            """),
        Key(
            "bans.widest_ipv6", \.bans.widestIPv6, .integer(from: 48, through: 128),
            "... IPv6 to /56 and then /48, as far as they are no wider than this (64: never)."),
        Key(
            "limits.packets_per_second", \.limits.packetsPerSecond, .integer(from: 1, through: 100_000_000),
            "What an automatic limit lets pass."),
        Key(
            "limits.duration", \.limits.duration, .duration(from: .seconds(1), through: .days(30)),
            "How long an automatic limit lasts."),
        Key(
            "breakers.bans_per_minute", \.breakers.bansPerMinute, .integer(from: 1, through: 1_000_000),
            """
            More automatic bans within a minute than this are a mistake: rules on sources known for ten minutes then
            only count, until ten minutes after the last one too many or `sluice mode`.
            """),
        Key(
            "breakers.known_sources_percent", \.breakers.knownSourcesPercent,
            .number(from: 0.1, through: 100),
            """
            Likewise if more of the sources known for ten minutes, at least five, are banned within ten minutes.
            """),
        Key(
            "breakers.known_traffic_percent", \.breakers.knownTrafficPercent,
            .number(from: 0.1, through: 100),
            "Likewise if those banned usually send more of these sources' packets than this."),
        Key(
            "dead_man.after", \.deadMan.after, .duration(from: .seconds(1), through: .days(1)),
            "The agent counts as gone when the kernel has not heard from it for this long."),
        Key(
            "dead_man.action", \.deadMan.action, .choice(),
            """
            What becomes of automatic rules then. open: they stop to apply. closed: they apply until they
            expire. Manual rules always apply.
            """),
        Key(
            "flow_table.slots_per_cpu", \.flowTable.slotsPerCPU,
            .automaticOrPowerOfTwo(from: 1024, through: 1 << 20),
            """
            Flows that the kernel can tell apart between two readings, on each CPU. auto: as many as fit the
            second-level cache (16384 to the MiB), in all CPUs together at most 256 MiB. Raise it when
            `sluice status` shows a coverage below 99 %.
            """),
        Key(
            "rule_table.slots", \.ruleTable.slots, .integer(from: 1024, through: 1 << 24),
            """
            Rules on sources, of both families together, that the kernel has room for besides 65536 prefixes of
            each; what one kind of them leaves the other may use. The allow-list has room for an eighth as many.
            Each takes 160 bytes of the kernel's memory, used or not.
            """),
        Key("state", \.state, .path(), "Database of bans, allow-list, alerts and models."),
        Key("socket", \.socket, .path(maximum: 100), "Socket on which the agent answers `sluice` commands."),
        Key(
            "control.read_group", \.control.readGroup, .group,
            """
            Members of this group may ask the agent everything, and change nothing. Root may always do
            everything; without any group here, so may the group that the agent runs as.
            """),
        Key(
            "control.write_group", \.control.writeGroup, .group,
            "Members of this group may ask and change: ban, allow, set the mode ..."),
        Key(
            "bpffs", \.bpffs, .path(),
            "Where the BPF file system is mounted: rules and program outlive the agent there."),
        Key("log.level", \.log.level, .choice(), "Least severe messages that the agent writes."),
    ]

    /// Keys that a running agent takes over (`sluice reload`, SIGHUP); a change of any other needs a restart.
    static let reloadable: Set<String> = [
        "mode", "groups", "interval", "allow", "learn.memory", "detection.false_alarms_per_day",
        "bans.duration", "bans.maximum", "bans.widest_ipv4", "bans.widest_ipv6",
        "limits.packets_per_second", "limits.duration", "dead_man.after", "dead_man.action",
        "models.trusted_keys",
    ]

    /// Keys that a policy group may have values of its own for.
    static let groupKeys = keys.filter { key in
        ["mode", "detection.false_alarms_per_day", "detection.model"].contains(key.path)
            || ["bans", "limits"].contains(key.section)
    }

    /// What one key alone cannot tell: the key to blame, and what is wrong.
    static func contradictions(in configuration: Configuration) -> [(path: String, message: String)] {
        var found: [(String, String)] = []
        if configuration.bans.maximum < configuration.bans.duration {
            found.append(
                (
                    "bans.maximum",
                    "bans.maximum (\(configuration.bans.maximum.text)) must not be shorter than "
                        + "bans.duration (\(configuration.bans.duration.text))"
                ))
        }
        for group in configuration.groups {
            let bans = configuration.with(group).bans
            guard bans.maximum < bans.duration, configuration.bans.maximum >= configuration.bans.duration
            else { continue }
            found.append(
                (
                    "groups",
                    "in the group \(group.traffic.name), bans.maximum (\(bans.maximum.text)) must not be shorter than "
                        + "bans.duration (\(bans.duration.text))"
                ))
        }
        let own = configuration.groups.filter(\.traffic.hasOwnModel)
        if own.count > TrafficGroup.mostOwnModels {
            found.append(
                (
                    "groups",
                    "at most \(TrafficGroup.mostOwnModels) groups may have `model: own`, and \(own.count) have it"
                ))
        }
        for group in configuration.groups
        where group.given.contains("detection.model") && !group.traffic.hasOwnModel {
            found.append(
                (
                    "groups",
                    "in the group \(group.traffic.name), detection.model needs `model: own`: the shared model is of one kind"
                ))
        }
        return found
    }
}
