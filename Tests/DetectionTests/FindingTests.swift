import Testing
import Traffic

@testable import Detection
@testable import Features

/// What is said of windows without any learning, beside what blocks at once (`ReactionTests`).
@Suite struct FindingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var length: Double
        var view = Entity.View.source
        var reason: String
        var tier = Verdict.Tier.alert
        /// Nothing but this traffic: one direction of everything.
        var isAlone = false
        var write: @Sendable (inout ScriptedTraffic) -> Void
    }

    private static let attacker = CanaryAttack.attacker
    private static let victim = CanaryAttack.victim

    /// Connections to one service, `period` seconds apart.
    private static func calls(
        _ number: Int, every period: Double, port: UInt16, to server: Address = victim,
        answers: Int = 3, length: @escaping @Sendable (Int) -> UInt64 = { _ in 600 }
    ) -> @Sendable (inout ScriptedTraffic) -> Void {
        { script in
            for call in 0..<number {
                script.connection(
                    at: Double(call) * period, attacker, UInt16(20_000 + call), server, port,
                    request: length(call), answers: answers)
            }
        }
    }

    private static func queries(length: UInt64) -> @Sendable (inout ScriptedTraffic) -> Void {
        { script in
            for number in 0..<60 {
                let time = Double(number) / 2
                script.packet(at: time, attacker, 40_000, victim, 53, .udp, length: length)
                script.packet(at: time + 0.02, victim, 53, attacker, 40_000, .udp, length: length + 100)
            }
        }
    }

    private static func answers(from port: UInt16, length: UInt64, synAck: Bool = false)
        -> @Sendable (inout ScriptedTraffic) -> Void
    {
        { script in
            for number in 0..<2_000 {
                script.packet(
                    at: Double(number) / 4_000, Address(ipv4: 0x2000_0000 + UInt32(number * 97)), port,
                    victim,
                    UInt16(1_024 + number), synAck ? .tcp : .udp, length: length,
                    flags: synAck ? [.syn, .ack] : [])
            }
        }
    }

    private static let outside = Address(ipv4: 0x8DC1_D515)

    static let found = [
        Case(
            testDescription: "password guesses every 20 s", length: 300, reason: "repetition",
            write: calls(15, every: 20, port: 22)),
        Case(
            testDescription: "password guesses by HTTP", length: 20, reason: "repetition",
            write: calls(80, every: 0.2, port: 8_080) { [880, 900, 890][$0 % 3] }),
        Case(
            testDescription: "calls home every 5 s", length: 300, reason: "repetition",
            write: calls(60, every: 5, port: 443, to: outside)),
        Case(
            testDescription: "a tunnel in names of DNS", length: 30, reason: "exfiltration",
            write: queries(length: 220)),
        Case(
            testDescription: "a flood of packets a little longer than small", length: 0.6, reason: "volume",
            tier: .block
        ) { script in
            for number in 0..<1_250 {
                script.packet(
                    at: Double(number) / 2_500, attacker, 5_000, victim, 9, .udp, length: 130)
            }
        },
        Case(
            testDescription: "answers of SNMP that nobody asked for", length: 0.6, view: .destination,
            reason: "volume", tier: .block, write: answers(from: 161, length: 900)),
        Case(
            testDescription: "answers of SNMP, seen alone", length: 0.6, view: .destination, reason: "volume",
            isAlone: true, write: answers(from: 161, length: 900)),
        Case(
            testDescription: "SYN-ACKs from everywhere, seen alone", length: 0.6, view: .destination,
            reason: "volume", isAlone: true, write: answers(from: 443, length: 60, synAck: true)),
    ]

    static let silent = [
        Case(
            testDescription: "a probe of SSH every minute", length: 600, reason: "",
            write: calls(10, every: 60, port: 22)),
        Case(
            testDescription: "logins of different length", length: 300, reason: "",
            write: calls(15, every: 20, port: 22) { UInt64(300 + $0 * 200) }),
        Case(
            testDescription: "a health check every 2 s", length: 300, reason: "",
            write: calls(150, every: 2, port: 80)),
        Case(
            testDescription: "a device that asks for a minute whether it is set up", length: 80, reason: "",
            write: calls(30, every: 2, port: 443, to: outside)),
        Case(testDescription: "a probe of SSH at a host that is down", length: 600, reason: "") { script in
            for number in 0..<60 {
                script.packet(
                    at: Double(number) * 10, attacker, UInt16(20_000 + number), victim, 22, .tcp, length: 74,
                    flags: .syn)
            }
        },
        Case(
            testDescription: "a reader who asks for page after page", length: 26, reason: "",
            write: calls(75, every: 0.33, port: 80, answers: 12)),
        Case(testDescription: "calls to a service outside that many call", length: 300, reason: "") {
            script in
            for number in 0..<4 {
                script.connection(
                    at: Double(number) * 0.1, Address(ipv4: 0x0A00_0100 + UInt32(number)), 5_000, outside, 443
                )
            }
            calls(60, every: 5, port: 443, to: outside)(&script)
        },
        Case(
            testDescription: "a monitor that looks every 5 s whether a service outside is there", length: 300,
            reason: ""
        ) { script in
            for number in 0..<60 {
                let (time, port) = (Double(number) * 5, UInt16(20_000 + number))
                script.packet(at: time, attacker, port, outside, 443, .tcp, length: 74, flags: .syn)
                script.packet(
                    at: time + 0.01, outside, 443, attacker, port, .tcp, length: 74, flags: [.syn, .ack])
                script.packet(at: time + 0.02, attacker, port, outside, 443, .tcp, length: 66, flags: .ack)
                script.packet(
                    at: time + 0.02, attacker, port, outside, 443, .tcp, length: 66, flags: [.fin, .ack])
                script.packet(
                    at: time + 0.03, outside, 443, attacker, port, .tcp, length: 66, flags: [.fin, .ack])
            }
        },
        Case(
            testDescription: "questions for names of usual length", length: 30, reason: "",
            write: queries(length: 110)),
        Case(
            testDescription: "requests among time servers, seen alone", length: 0.6, view: .destination,
            reason: "", isAlone: true
        ) { script in
            for number in 0..<2_000 {
                script.packet(
                    at: Double(number) / 4_000, Address(ipv4: 0x2000_0000 + UInt32(number * 97)), 123, victim,
                    123, .udp, length: 90)
            }
        },
    ]

    private func verdicts(_ one: Case) throws -> [Verdict] {
        var configuration = DetectionConfiguration()
        configuration.learnDuration = .zero
        let detector = Detector(configuration: configuration, shippedModel: try .embedded())
        var script = ScriptedTraffic()
        one.write(&script)
        var all = ScriptedTraffic()
        if !one.isAlone { Customer.requests(perSecond: 1).write(&all, one.length + 3) }
        all.append(script, at: 3)
        let prefix = Prefix(one.view == .source ? Self.attacker : Self.victim)
        return all.readings(until: one.length + 3).flatMap { detector.observe($0).verdicts }
            .filter { $0.entity == Entity(view: one.view, prefix: prefix) }
    }

    @Test("it is told of", arguments: found)
    func isFound(one: Case) throws {
        let verdicts = try verdicts(one)
        let match = verdicts.first { $0.reason == one.reason && $0.tier == one.tier }
        #expect(match != nil, "\(verdicts.map { "\($0.tier) \($0.reason): \($0.summary)" })")
        #expect((match?.score ?? 0) >= (match?.threshold ?? 1))
    }

    @Test("no finding is made of it", arguments: silent)
    func isNotFound(one: Case) throws {
        // The table may be surprised; a finding is what scores at its bar or beyond for these reasons.
        let reasons: Set = ["repetition", "exfiltration", "volume"]
        let verdicts = try verdicts(one).filter { reasons.contains($0.reason) }
        #expect(verdicts.map(\.summary) == [])
    }

    @Test("an alert by score that goes on is repeated ever more rarely")
    func repeats() {
        var news = News()
        let times = (0..<10_000).filter { second in
            news.isNews(
                .alert, "volume", isCertain: false, of: nil, at: Timestamp(seconds: Double(second)),
                interval: .seconds(60))
        }
        #expect(times == [0, 60, 300, 1_260, 4_860, 8_460])
    }

    @Test("a finding that goes on is told once; another run of even calls and another finding are news")
    func goesOn() throws {
        var configuration = DetectionConfiguration()
        configuration.learnDuration = .zero
        let detector = Detector(configuration: configuration, shippedModel: try .embedded())
        var script = ScriptedTraffic()
        Self.calls(120, every: 10, port: 443, to: Self.outside)(&script)
        // To another host from the fifth minute on, as evenly.
        var other = ScriptedTraffic()
        Self.calls(90, every: 10, port: 8_443, to: Address(ipv4: 0x8DC1_D516))(&other)
        script.append(other, at: 305)
        // And something else.
        var poll = ScriptedTraffic()
        Self.calls(200, every: 0.7, port: 8_080)(&poll)
        script.append(poll, at: 900)
        let told = script.readings(until: 1_200).flatMap { detector.observe($0).verdicts }
            .filter { $0.entity == Entity(view: .source, prefix: Prefix(Self.attacker)) }
            .filter { $0.reason == "repetition" }
        let origin = Double(ScriptedTraffic.origin) / 1e9
        #expect(
            told.map { String($0.summary.prefix(20)) } == [
                "calls to one service", "calls to one service", "60 connections to on",
            ], "\(told.map { ($0.time.seconds - origin, $0.summary) })")
        let times = told.map { $0.time.seconds - origin }
        #expect(zip(times, [240, 545, 970]).allSatisfy { abs($0 - $1) < 15 }, "\(times)")
    }

    @Test("what was told is told again when it goes twice as far, had ceased, or still goes on after an hour")
    func toldAgain() {
        func finding(_ excess: Double, lasted: Double? = nil) -> Finding {
            Finding(
                reason: "repetition", tier: .alert, excess: excess, feature: .tcpRepeat60, lasted: lasted)
        }
        func at(_ seconds: Double) -> Timestamp { Timestamp(seconds: seconds) }
        /// Whether one is news so many seconds after another was told.
        func isNews(_ later: Finding, after first: Finding, _ seconds: Double) -> Bool {
            var told = ToldFindings()
            let isFirst = told.tell(first, at: at(0))
            #expect(isFirst)
            return told.isNews(later, at: at(seconds))
        }
        for (excess, seconds, expected) in [
            (1.2, 300.0, false), (2.1, 300, false), (2.2, 300, true), (1.2, 600, true),
        ] {
            #expect(
                isNews(finding(excess), after: finding(1.1), seconds) == expected, "\(excess), \(seconds)")
        }
        // How long it lasts grows by itself, and each run is its own story.
        let first = finding(1.1, lasted: 264)
        #expect(!isNews(finding(2.4, lasted: 580), after: first, 300))
        #expect(isNews(finding(2.4, lasted: 520), after: first, 300))
        #expect(isNews(finding(1.1, lasted: 264), after: first, 300))
        var told = ToldFindings()
        let rate = finding(1.1)
        var times: [Double] = []
        for second in stride(from: 0.0, to: 8_000, by: 1) where told.isNews(rate, at: at(second)) {
            let isFirst = told.tell(rate, at: at(second))
            #expect(isFirst)
            times.append(second)
        }
        #expect(times == [0, 3_600, 7_200])
    }

    @Test("of several who do the same to one service the first is told of, and who does it twice as much")
    func grouped() throws {
        var configuration = DetectionConfiguration()
        configuration.learnDuration = .zero
        let detector = Detector(configuration: configuration, shippedModel: try .embedded())
        var script = ScriptedTraffic()
        let sources = (1...3).map { Address(ipv4: 0xC633_6400 + UInt32($0)) }
        for (source, rate) in zip(sources, [4.0, 4.0, 12.0]) {
            for number in 0..<Int(rate * 20) {
                let start = Double(sources.firstIndex(of: source) ?? 0) * 30
                script.connection(
                    at: start + Double(number) / rate, source, UInt16(20_000 + number), Self.victim, 8_080)
            }
        }
        let told = script.readings(until: 90).flatMap { detector.observe($0).verdicts }
            .filter { $0.entity.view == .source && $0.reason == "repetition" }.map(\.entity.prefix)
        #expect(Set(told) == [Prefix(sources[0]), Prefix(sources[2])])
    }

    @Test("what calls a service as a clock does is usual where it always did, and told where it is new")
    func habits() {
        var facts = Evidence()
        func reason(isLearned: Bool) -> String? {
            let window = Window(
                entity: Entity(view: .source, prefix: Prefix(Self.attacker)), slot: 0, serial: 0, packets: 10,
                bytes: 1_000, evidence: facts)
            let scope = FindingScope(seesBothWays: true, isLearned: isLearned, budget: FindingBudget())
            return PlainFindings.closest(in: window, scope: scope).flatMap {
                $0.excess >= 1 ? $0.reason : nil
            }
        }
        facts.habitualSeconds = 4_000
        #expect(reason(isLearned: false) == "repetition")
        #expect(reason(isLearned: true) == nil)
        facts.newSteadySeconds = 61
        #expect(reason(isLearned: true) == "repetition")
    }

    @Test(
        "findings that only alert ask for more where they are frequent, up to eight times, and for less again later"
    )
    func budget() {
        var budget = FindingBudget()
        var now = Timestamp(seconds: 1_700_000_000)
        func alerts(_ number: Int, every seconds: Int64) {
            for _ in 0..<number {
                budget.count(.regularity, at: now)
                now = now + .seconds(seconds)
                budget.pass(to: now)
            }
        }
        alerts(50, every: 1)
        #expect(budget.factor(of: .regularity) == 1, "one cause is one alert")
        now = now + .seconds(61)
        alerts(1, every: 61)
        #expect(budget.factor(of: .regularity) == 2)
        alerts(20, every: 61)
        #expect(budget.factor(of: .regularity) == 8)
        #expect(budget.factor(of: .tcpRepeat60) == 1)
        for _ in 0..<5 {
            now = now + .seconds(3600)
            budget.pass(to: now)
        }
        #expect(budget.factor(of: .regularity) == 1)
    }

    @Test("what is over is no finding any more, though a minute remembers it")
    func ceased() {
        var builder = WindowBuilder()
        var script = ScriptedTraffic()
        Self.queries(length: 220)(&script)
        var later = ScriptedTraffic()
        Self.queries(length: 90)(&later)
        script.append(later, at: 31)
        let counts = script.readings(until: 60).map { reading in
            builder.observe(reading).source.windows.first { $0.entity.prefix == Prefix(Self.attacker) }?
                .evidence.longQueries60 ?? 0
        }
        #expect(counts.prefix(150).max() ?? 0 > 40)
        #expect(counts.suffix(50).max() == 0)
    }
}
