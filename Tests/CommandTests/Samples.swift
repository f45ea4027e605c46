import API
import Agent
import Detection
import Features
import Policy
import Traffic

/// Documents with a little of everything.
enum Samples {
    static let now = Timestamp(nanoseconds: 1_700_000_000_000_000_000)
    static let scanner = Prefix(Address(ipv4: 0xC000_0207))
    static let network = Prefix(Address(ipv6High: 0x2001_0DB8_0001_0002, low: 0), length: 64)
    static let victim = Address(ipv4: 0xC633_6405)

    static var status: StatusReport {
        var totals = Totals()
        totals.flow = Count(packets: 12_345_678, bytes: 9_876_543_210)
        totals.aside = Count(packets: 1234, bytes: 100_000)
        totals.dropped = Count(packets: 56_789, bytes: 3_400_000)
        totals.other = Count(packets: 42, bytes: 2520)
        totals.malformations = [
            .short: Count(packets: 7, bytes: 210), .extension: Count(packets: 1, bytes: 90),
        ]
        return StatusReport(
            version: "0.1.0", mode: .shadow, learning: StatusReport.Learning(progress: 0.625, remaining: 580),
            started: now - .seconds(12_000), uptime: 12_000,
            interfaces: [
                StatusReport.Interface(name: "eth0", attach: "native", role: "wan"),
                StatusReport.Interface(name: "wlan0", attach: "generic"),
            ],
            traffic: StatusReport.Traffic(totals),
            rates: StatusReport.Rates(
                packetsPerSecond: 1234.4, bytesPerSecond: 1_200_000, droppedPerSecond: 12,
                packetsHistory: (0..<60).map { Double($0) }, droppedHistory: []),
            counts: StatusReport.Counts(entities: 321, bans: 3, limits: 1, allowed: 2, alerts: 1200),
            model: StatusReport.Model(
                id: "autoencoder-1f2e", isBuiltIn: false, trained: now, age: 7200,
                thresholds: ["source": 3.5, "destination": 4.25]),
            heartbeatAge: 0.2, memory: 34_000_000, kernelMemory: 42_500_000,
            warnings: ["wlan0 fell back to generic mode"])
    }

    static let features = [
        FeatureContribution(name: "destination ports", value: 1200, usual: 2, share: 0.81),
        FeatureContribution(name: "unanswered SYN share", value: 0.97, usual: 0.01, share: 0.12),
    ]

    static func alert(
        id: Int64, age: Int, of prefix: Prefix, view: Entity.View = .source, action: Alert.Action,
        note: String? = nil
    ) -> Alert {
        Alert(
            id: id,
            verdict: Verdict(
                time: now - .seconds(age), entity: Entity(view: view, prefix: prefix), score: 9.117,
                threshold: 3.5,
                tier: action == .alert ? .alert : .block, reason: "scan",
                summary: "1,200 ports of 3 hosts in 10 s, usual: 2", features: features,
                model: "autoencoder-1f2e",
                target: nil, isTwoWay: true),
            action: action, note: note, ruleID: action == .alert ? nil : 12)
    }

    static let alerts = [
        AlertReport(alert(id: 3, age: 20, of: scanner, action: .ban)),
        AlertReport(
            alert(
                id: 2, age: 4000, of: network, action: .alert,
                note: "2001:db8:1:2::/64 is on the allow-list (2001:db8::/32)")),
        AlertReport(alert(id: 1, age: 90_000, of: Prefix(victim), view: .destination, action: .limit)),
    ]

    static let key = String(repeating: "0a", count: 32)

    static let models = [
        ModelReport(
            id: "site-2", role: "challenger", trained: now - .seconds(600), since: now - .seconds(600),
            note: "on trial", size: 15_000, trial: 0.25),
        ModelReport(
            id: "site-1", role: "champion", trained: now - .seconds(90_000), since: now - .seconds(90_000),
            note: "the first", size: 15_000, trial: nil),
    ]

    static var ban: Sanction {
        Sanction(
            rule: Rule(
                id: 12, match: .source(scanner), action: .deny, origin: .automatic,
                expires: now + .seconds(580)),
            since: now - .seconds(20), reason: "scan", summary: "1,200 ports of 3 hosts in 10 s, usual: 2",
            alertID: 3,
            offence: 1, dropped: Count(packets: 12_345, bytes: 740_700), lastHit: now - .milliseconds(300))
    }

    static var limit: Sanction {
        Sanction(
            rule: Rule(
                id: 13, match: .scope(Rule.Scope(destination: victim, protocol: .udp, port: 53)),
                action: .limit(Rule.Rate(packets: 1000)), origin: .automatic, isShadowed: true,
                expires: now + .seconds(100)),
            since: now - .seconds(200), reason: "volume", summary: "50,000 packets/s, usual: 30")
    }

    static var shadowed: Sanction {
        Sanction(
            rule: Rule(
                id: 11, match: .source(scanner), action: .limit(Rule.Rate(packets: 50)), origin: .automatic,
                isShadowed: true, expires: now + .seconds(9)),
            since: now - .seconds(291), reason: "volume", summary: "5,000 packets/s, usual: 30")
    }

    static var manual: Sanction {
        Sanction(
            rule: Rule(id: 14, match: .source(network), action: .deny, origin: .manual),
            since: now - .seconds(90_000), reason: "abuse desk #7", summary: "banned by hand")
    }

    /// A day in shadow, and a group that enforces.
    static var report: NetworkReport {
        var record = TrackRecord()
        record.watched = [.learn: 3600, .shadow: 26 * 3600]
        record.traffic = Count(packets: 1_000_000, bytes: 800_000_000)
        record.toll.enforced = Count(packets: 50_000, bytes: 3_000_000)
        record.toll.limited = Count(packets: 20_000, bytes: 1_200_000)
        record.toll.enforcedOfKnown = Count(packets: 100, bytes: 9000)
        (record.bans, record.limits, record.judged, record.wrong) = (3, 1, 2, 1)
        (record.onKnown, record.unjudgedOnKnown, record.lastWrong) = (1, 0, now - .seconds(7200))
        var group = TrackRecord()
        group.watched = [.enforce: 26 * 3600]
        func circumstances(_ mode: Mode) -> Advice.Circumstances {
            Advice.Circumstances(
                now: now, mode: mode, learned: 1, accepted: 1, realised: 0.5, wrongPerDayAtLeast: 0.02,
                trips: 0)
        }
        return NetworkReport(
            since: now - .seconds(27 * 3600),
            groups: [
                NetworkReport.Group(
                    nil, record, history: [0, 10_000, 40_000, 0], in: circumstances(.shadow),
                    wrongPerDay: (0.02, 5.14), wrongShare: (0.09, 0.91)),
                NetworkReport.Group(
                    "servers", group, history: [0, 0, 0, 0], in: circumstances(.enforce),
                    wrongPerDay: (0, 3.4), wrongShare: nil),
            ])
    }

    static let events = [
        EventReport(
            id: 1, time: now - .seconds(20), kind: .ban, prefix: scanner, reason: "scan",
            text: "192.0.2.7 until 22:23:20: scan", ruleID: 12, alertID: 3),
        EventReport(
            id: 2, time: now - .seconds(10), kind: .mode, who: "alice (uid 1000)", text: "enforce"),
    ]

    /// At the time of the last of `events`.
    static let lateEvent = EventReport(
        id: 3, time: now - .seconds(10), kind: .stop, text: "at the same time")

    static let setting = SettingReport(
        key: "mode", value: "enforce", origin: "flag --mode", isReloadable: true)

    static let flows = [
        FlowReport(
            source: scanner.address, sourcePort: 40_000, destination: victim, destinationPort: 443,
            protocol: "tcp", packetsPerSecond: 250, bytesPerSecond: 64_000)
    ]

    static let top = [
        TopEntry(
            prefix: scanner, packetsPerSecond: 4999.6, bytesPerSecond: 300_000, flows: 1200, peers: 3,
            score: 9.117,
            threshold: 3.5, state: .blocked),
        TopEntry(
            prefix: network, packetsPerSecond: 12, bytesPerSecond: 15_000, flows: 4, peers: 2, score: 0.42,
            threshold: 3.5, state: .passing),
        TopEntry(
            prefix: Prefix(victim), packetsPerSecond: 1, bytesPerSecond: 60, flows: 1, peers: 1, score: nil,
            threshold: nil, state: .allowed),
    ]

    static var explanation: Explanation {
        Explanation(
            of: scanner.address,
            treatment: Treatment(sanctions: [ban, shadowed]),
            cause: alert(id: 3, age: 20, of: scanner, action: .ban),
            current: Explanation.Current(
                prefix: scanner, time: now - .milliseconds(400), packetsPerSecond: 4999.6,
                bytesPerSecond: 300_000,
                flows: 1200, score: 8.5, threshold: 3.5, model: "autoencoder-1f2e",
                features: features.prefix(1).map(FeatureReport.init)),
            alerts: [
                alert(id: 3, age: 20, of: scanner, action: .ban),
                alert(id: 1, age: 90_000, of: scanner, action: .alert),
            ],
            similar: [(likeness: 0.934, alert: alert(id: 2, age: 7_500, of: network, action: .alert))])
    }

    /// Of an address under attack.
    static var victimExplanation: Explanation {
        Explanation(of: victim, treatment: Treatment(towards: [limit]), cause: nil, current: nil, alerts: [])
    }
}
