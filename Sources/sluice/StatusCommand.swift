import API
import ArgumentParser
import Control
import Features
import Policy
import Terminal
import Traffic

/// The command `sluice status`.
struct StatusCommand: DocumentCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "What the agent is, sees and does.")

    @OptionGroup var agent: AgentOptions

    func ask(_ service: any ControlService) async throws -> StatusReport { try await service.status() }

    func text(_ status: StatusReport, on screen: Screen, at now: Timestamp) -> String {
        var fields = Fields()
        let mode = screen.styled(status.mode.rawValue, .bold)
        fields.add("Sluice", "\(status.version), mode \(mode), up \(status.uptime.duration)")
        let interfaces = status.interfaces.map { interface in
            let role = interface.role + (interface.isRoleDerived ? " derived" : "")
            let words =
                [interface.attach] + (interface.state == "up" ? [] : [interface.state])
                + (interface.role == "unknown" ? [] : [role])
            return "\(interface.name.printable) (\(words.filter { $0 != "none" }.joined(separator: ", ")))"
        }
        fields.add("Interfaces", interfaces.isEmpty ? "none" : interfaces.joined(separator: ", "))
        fields.add("Learning", learning(status.learning))
        addTraffic(status, to: &fields, on: screen)
        let counts = status.counts
        fields.add(
            "Rules",
            [
                counted(counts.bans, "ban"), counted(counts.limits, "limit"),
                counted(counts.allowed, "allow-list entry", "allow-list entries"),
            ].joined(separator: ", "))
        let drift = status.ruleDrift
        if drift.missing + drift.unknown > 0 {
            let text = "others changed the kernel's: \(drift.missing) put back, \(drift.unknown) removed"
            fields.add("", screen.styled(text, .warning))
        }
        for (place, group) in status.groups.enumerated() {
            let rates =
                "\(group.acceptedAlarmsPerDay.short) false alarms a day accepted"
                + (group.realisedAlarmsPerDay.map { ", \($0.short) came" } ?? "")
            let words =
                [
                    group.mode.rawValue, counted(group.bans, "ban"), counted(group.limits, "limit"), rates,
                ]
                + (group.model.map { [ownModel($0, at: now)] } ?? [])
            fields.add(
                place == 0 ? "Groups" : "", "\(group.name.printable): \(words.joined(separator: ", "))")
        }
        fields.add("Alerts", counts.alerts.grouped)
        fields.add("Entities", counts.entities.grouped)
        fields.add("Model", model(status.model))
        if let detection = status.detection { add(detection, to: &fields, on: screen, at: now) }
        if let hash = status.configuration { fields.add("Configuration", String(hash.printable.prefix(16))) }
        for (place, change) in status.pending.enumerated() {
            let text =
                "\(change.summary), undone in \(change.deadline.left(at: now)) unless: sluice confirm \(change.id)"
            fields.add(place == 0 ? "To confirm" : "", screen.styled(text.printable, .warning))
        }
        let isLate = status.heartbeatAge > 5
        fields.add("Heartbeat", screen.styled(status.heartbeatAge.duration + " ago", isLate ? .bad : .plain))
        fields.add(
            "Memory",
            "\(Double(status.memory).bytes), and \(Double(status.kernelMemory).bytes) of kernel maps")
        for (place, warning) in status.warnings.enumerated() {
            fields.add(place == 0 ? "Warnings" : "", screen.styled(warning.printable, .warning))
        }
        return fields.text(on: screen)
    }

    private func add(
        _ detection: DetectionReport, to fields: inout Fields, on screen: Screen, at now: Timestamp
    ) {
        let realised = detection.realisedAlarmsPerDay.map { "\($0.short) came" } ?? "too early to tell"
        fields.add("False alarms", "\(detection.acceptedAlarmsPerDay.short) a day accepted, \(realised)")
        for drift in detection.drift {
            let moved = drift.features.prefix(3).map { "\($0.name) \($0.index.short)" }.joined(
                separator: ", ")
            let state =
                drift.since.map { screen.styled("scores rise since \($0.age(at: now))", .warning) } ?? "none"
            let whose = [drift.group?.printable, drift.view.rawValue].compactMap(\.self).joined(
                separator: ", ")
            fields.add("Drift", "\(whose): \(state)" + (moved.isEmpty ? "" : " (\(moved))"))
        }
    }

    private func ownModel(_ model: StatusReport.OwnModel, at now: Timestamp) -> String {
        guard let id = model.id else {
            return "own model \(learning(model.learning)), judged by the shared one until then"
        }
        return "own model \(id.printable)" + (model.trained.map { ", trained \($0.age(at: now))" } ?? "")
    }

    private func learning(_ learning: StatusReport.Learning) -> String {
        learning.progress >= 1
            ? "complete" : "\(learning.progress.percent), \(learning.remaining.duration) left"
    }

    private func addTraffic(_ status: StatusReport, to fields: inout Fields, on screen: Screen) {
        let (rates, traffic) = (status.rates, status.traffic)
        fields.add("Now", "\(rates.packetsPerSecond.grouped) packets/s, \(rates.bytesPerSecond.bytes)/s")
        if !rates.packetsHistory.isEmpty {
            let room = max(10, min(60, screen.width - 30))
            let line = Sparkline.text(rates.packetsHistory, width: room)
            fields.add("", "\(line) \(rates.packetsHistory.max()?.grouped ?? "0")/s at most")
        }
        let dropped = rates.droppedPerSecond
        fields.add("Dropping", screen.styled("\(dropped.grouped) packets/s", dropped > 0 ? .bad : .plain))
        fields.add("Seen", "\(traffic.frames.grouped) frames, \(Double(traffic.bytes).bytes)")
        let parts = [
            ("in flows", traffic.flow), ("aside", traffic.aside), ("dropped", traffic.dropped),
            ("malformed", traffic.malformed), ("not IP", traffic.other), ("martian", traffic.martian),
            ("asked to prove their address", traffic.answered),
        ].enumerated().filter { $0.offset < 5 || $0.element.1.packets > 0 }.map(\.element)
        fields.add("", parts.map { "\($0.1.packets.grouped) \($0.0)" }.joined(separator: ", "))
        let reasons = traffic.malformations.filter { $0.value > 0 }.sorted { $0.key < $1.key }
        if !reasons.isEmpty {
            let list = reasons.map { "\($0.value.grouped) \($0.key)" }.joined(separator: ", ")
            fields.add("", "malformed: \(list)")
        }
        fields.add(
            "Coverage",
            screen.styled(traffic.coverage.percent, traffic.coverage < 0.99 ? .warning : .plain)
                + ", at least \(traffic.lowestCoverage.percent) in the last minute")
    }

    private func model(_ model: StatusReport.Model) -> String {
        let age = model.isBuiltIn ? ", built in" : model.age.map { ", trained \($0.duration) ago" } ?? ""
        let thresholds = model.thresholds.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.short)" }
        return model.id.printable + age
            + (thresholds.isEmpty ? "" : "; thresholds: " + thresholds.joined(separator: ", "))
    }
}
