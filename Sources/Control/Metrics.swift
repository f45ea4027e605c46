import API
import Traffic

/// The status as Prometheus text (exposition format 0.0.4), in base units.
///
/// Labels take few values: addresses are never labels.
struct Metrics {
    private(set) var text = ""

    init(_ status: StatusReport) {
        add(
            "sluice_info", "gauge", "Always 1; version, mode and model are labels.",
            [(["version": status.version, "mode": status.mode.rawValue, "model": status.model.id], 1)])
        add(
            "sluice_mode_info", "gauge",
            "Always 1; one for each policy group, and one, without a name, for the rest.",
            ([("", status.mode)] + status.groups.map { ($0.name, $0.mode) }).map {
                (["group": $0.0, "mode": $0.1.rawValue], 1)
            })
        if !status.groups.isEmpty { add(status.groups) }
        add("sluice_uptime_seconds", "gauge", "Time since the agent started.", [([:], status.uptime)])
        add(
            "sluice_interface_info", "gauge", "Always 1; one for each interface.",
            status.interfaces.map { (["interface": $0.name, "attach": $0.attach, "state": $0.state], 1) })
        add(
            "sluice_interface_guarded", "gauge", "Whether the program is on the interface.",
            status.interfaces.map { (["interface": $0.name], $0.attach == "none" ? 0 : 1) })
        let parts = [
            ("flow", status.traffic.flow), ("aside", status.traffic.aside),
            ("malformed", status.traffic.malformed),
            ("other", status.traffic.other), ("dropped", status.traffic.dropped),
            ("answered", status.traffic.answered),
            ("martian", status.traffic.martian),
        ]
        add(
            "sluice_packets_total", "counter", "Frames seen, each in one part.",
            parts.map { (["part": $0.0], Double($0.1.packets)) })
        add(
            "sluice_bytes_total", "counter", "Bytes of these frames.",
            parts.map { (["part": $0.0], Double($0.1.bytes)) })
        add(
            "sluice_malformed_packets_total", "counter", "Frames whose IP headers cannot be read, by reason.",
            status.traffic.malformations.sorted { $0.key < $1.key }.map {
                (["reason": $0.key], Double($0.value))
            })
        add(
            "sluice_coverage_ratio", "gauge",
            "Share of the countable packets that stand in a flow entry, in the latest generation.",
            [([:], status.traffic.coverage)])
        add(
            "sluice_coverage_lowest_ratio", "gauge",
            "The lowest coverage of a generation in the last minute.",
            [([:], status.traffic.lowestCoverage)])
        add(
            "sluice_learning_ratio", "gauge", "How much of what is normal has been learned.",
            [([:], status.learning.progress)])
        add(
            "sluice_entities", "gauge", "Sources and destinations whose windows are kept.",
            [([:], Double(status.counts.entities))])
        if let detection = status.detection { add(detection) }
        add(
            "sluice_rules", "gauge", "Rules in force.",
            [
                (["kind": "ban"], Double(status.counts.bans)),
                (["kind": "limit"], Double(status.counts.limits)),
                (["kind": "allow"], Double(status.counts.allowed)),
            ])
        add(
            "sluice_rule_drift_total", "counter", "Rules that others changed in the kernel, mended.",
            [
                (["kind": "missing"], Double(status.ruleDrift.missing)),
                (["kind": "unknown"], Double(status.ruleDrift.unknown)),
            ])
        if let room = status.ruleRoom {
            add(
                "sluice_rule_places", "gauge",
                "Rules that take room in a table of the kernel, and places in it.",
                [
                    (["table": "sources", "state": "taken"], Double(room.sources)),
                    (["table": "sources", "state": "all"], Double(room.sourcesMost)),
                    (["table": "scopes", "state": "taken"], Double(room.scopes)),
                    (["table": "scopes", "state": "all"], Double(room.scopesMost)),
                ])
            add(
                "sluice_rules_not_in_force", "gauge", "Rules that the kernel has no room for.",
                [([:], Double(room.lacking))])
            add(
                "sluice_rules_refused_total", "counter", "Automatic rules not made for want of room.",
                [([:], Double(room.refused))])
        }
        add("sluice_alerts", "gauge", "Alerts that are kept.", [([:], Double(status.counts.alerts))])
        add(
            "sluice_heartbeat_age_seconds", "gauge", "Time since the data plane last heard from the agent.",
            [([:], status.heartbeatAge)])
        add("sluice_memory_bytes", "gauge", "Resident memory of the agent.", [([:], Double(status.memory))])
        add(
            "sluice_kernel_memory_bytes", "gauge", "Memory of the data plane's maps.",
            [([:], Double(status.kernelMemory))])
    }

    private mutating func add(_ groups: [StatusReport.Group]) {
        add(
            "sluice_group_rules", "gauge", "Automatic rules in force, by policy group.",
            groups.flatMap { group in
                [
                    (["group": group.name, "kind": "ban"], Double(group.bans)),
                    (["group": group.name, "kind": "limit"], Double(group.limits)),
                ]
            })
        add(
            "sluice_group_alarms_per_day", "gauge",
            "Alarms without countable evidence by policy group, accepted and realised.",
            groups.flatMap { group in
                [(["group": group.name, "rate": "accepted"], group.acceptedAlarmsPerDay)]
                    + (group.realisedAlarmsPerDay.map { [(["group": group.name, "rate": "realised"], $0)] }
                        ?? [])
            })
    }

    private mutating func add(_ detection: DetectionReport) {
        add("sluice_tracked", "gauge", "Things remembered, by table.", Self.samples(of: detection.tracked))
        add(
            "sluice_evicted_total", "counter",
            "Things that had to leave a full table, the least important first.",
            Self.samples(of: detection.evicted))
        let realised = detection.realisedAlarmsPerDay.map { [(["rate": "realised"], $0)] } ?? []
        add(
            "sluice_alarms_per_day", "gauge", "Alarms without countable evidence, accepted and realised.",
            [(["rate": "accepted"], detection.acceptedAlarmsPerDay)] + realised)
        add(
            "sluice_score_shift_ratio", "gauge", "From 1 on, scores have risen for good since learning.",
            detection.drift.map { (Self.labels(of: $0), $0.scoreShift) })
        add(
            "sluice_population_stability_index", "gauge",
            "How far the feature that moved most is from what was learned; beyond 0.25 it is another population.",
            detection.drift.compactMap { drift in
                drift.features.first.map { (Self.labels(of: drift), $0.index) }
            })
    }

    /// The view, and the policy group if it is about one's own model.
    private static func labels(of drift: DetectionReport.Drift) -> [String: String] {
        var labels = ["view": drift.view.rawValue]
        labels["group"] = drift.group
        return labels
    }

    private static func samples(
        of counts: DetectionReport.Tracked
    ) -> [(labels: [String: String], value: Double)] {
        [
            (["table": "sources"], Double(counts.sources)),
            (["table": "destinations"], Double(counts.destinations)),
            (["table": "conversations"], Double(counts.conversations)),
            (["table": "services"], Double(counts.services)),
        ]
    }

    private mutating func add(
        _ name: String, _ type: String, _ help: String, _ samples: [(labels: [String: String], value: Double)]
    ) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
        for (labels, value) in samples {
            let list = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(Self.escape($0.value))\"" }
            text +=
                name + (list.isEmpty ? "" : "{\(list.joined(separator: ","))}") + " \(Self.number(value))\n"
        }
    }

    /// Whole numbers without a point, as far as a `Double` is exact.
    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 0x1p53 ? "\(Int64(value))" : "\(value)"
    }

    private static func escape(_ text: String) -> String {
        text.map { $0 == "\\" ? "\\\\" : $0 == "\"" ? "\\\"" : $0.isNewline ? "\\n" : String($0) }.joined()
    }
}
