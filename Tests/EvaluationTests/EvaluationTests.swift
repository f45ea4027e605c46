import Models
import TestSupport
import Testing
import Traffic

@testable import Evaluation
@testable import Features

@Suite("Evaluation")
struct EvaluationTests {
    private static let csv = """
        capture,start,end,attacker,victim,proto,port,label,category,observable,packets,evidence
        c,100.5,110,192.0.2.1|2001:db8::/32,10.0.0.1,6,*,scan_a,scan,1,20,"say ""so"", here"
        c,200,210,*,10.0.0.2,17,53,flood_a,flood,1,20,x
        c,300,310,192.0.2.9,*,6,*,tiny,scan,0,2,x
        c,400,410,192.0.2.7,*,6,*,backup,benign_backup,1,2,x
        """

    private func alert(_ time: Double, _ view: Entity.View, _ prefix: String, isBlock: Bool = false) throws
        -> Record.Alert
    {
        Record.Alert(
            time: time, entity: Entity(view: view, prefix: try #require(Prefix(prefix))), isBlock: isBlock)
    }

    @Test("labels are read with quotes, several addresses and wildcards; what is benign is none")
    func labels() throws {
        let labels = try Label.read(csv: Self.csv)
        #expect(labels.map(\.name) == ["scan_a", "flood_a", "tiny"])
        #expect(labels[0].attackers == ["192.0.2.1", "2001:db8::/32"].compactMap { Prefix($0) })
        #expect(labels[1].attackers == nil && labels[1].victims == ["10.0.0.2"].compactMap { Prefix($0) })
        #expect(labels.map(\.isObservable) == [true, true, false])
    }

    @Test(
        "labels that cannot be read are refused with the line",
        arguments: [
            ("", 1), ("start,end\n1,2", 2), (csv.replacing("200,210", with: "soon,210"), 3),
            (csv.replacing("10.0.0.2", with: "10.0.0"), 3),
        ])
    func refusal(csv: String, line: Int) {
        #expect(throws: CSVError.self) { try Label.read(csv: csv) }
        do { _ = try Label.read(csv: csv) } catch { #expect(error.line == line) }
    }

    @Test("what another detector said is read, and refused with the line where it cannot be")
    func foreignScores() throws {
        let csv = "time,view,entity,score,alarm\n5,source,10.0.0.1,0.25,0\n6.5,destination,2001:db8::1,3,1\n"
        let record = try Record(csv: csv)
        #expect(record.windows.map(\.score) == [0.25, 3])
        #expect(record.alerts == [try alert(6.5, .destination, "2001:db8::1", isBlock: true)])
        for (old, new) in [
            ("6.5", "soon"), ("destination", "sideways"), ("2001:db8::1", "nobody"), ("3,", "x,"),
        ] {
            #expect { try Record(csv: csv.replacing(old, with: new)) } throws: {
                ($0 as? CSVError)?.line == 3
            }
        }
    }

    @Test("alerts are held against labels: found, explained, false, blamed on a victim, neither")
    func judgement() throws {
        var record = Record()
        (record.firstTime, record.lastTime) = (0, 3600)
        record.alerts = try [
            alert(50, .source, "10.0.0.77"),  // false
            alert(90, .source, "10.0.0.77"),  // the same within a minute
            alert(104, .destination, "10.0.0.1"),  // seen at the victim
            alert(105, .source, "10.0.0.1", isBlock: true),  // the victim blamed
            alert(119, .source, "2001:db8:7::/64", isBlock: true),  // found in the time of grace
            alert(203, .source, "203.0.113.5"),  // one of many forged ones
            alert(204, .destination, "10.0.0.2"),  // found
            alert(305, .source, "198.51.100.1"),  // while something goes on that cannot be seen
        ]
        let judgement = Judgement(record, labels: try Label.read(csv: Self.csv), in: 0..<3600)
        #expect(judgement.attacks.map(\.delay) == [18.5, 4])
        #expect(judgement.attacks[0].isSeenAtVictim)
        #expect((judgement.falseAlarms, judgement.victimsBlamed, judgement.falseEntities) == (1, 1, 2))
        #expect(judgement.hours == 1)
        let blocks = Judgement(record.blocksOnly, labels: try Label.read(csv: Self.csv), in: 0..<3600)
        #expect(blocks.attacks.map(\.delay) == [18.5, nil])
        let figures = Figures(judgement, curves: nil, capture: "c", detector: "alerts")
        #expect(
            figures.recall == 1 && figures.precision == 0.5
                && figures.byCategory == ["scan": [1, 1], "flood": [1, 1]])
    }

    @Test("windows of attackers and of quiet times are told apart, others count neither way")
    func windows() throws {
        var record = Record()
        record.lastTime = 3600
        let window = { (time: Double, view: Entity.View, prefix: String) throws in
            Record.Window(
                time: time, entity: Entity(view: view, prefix: try #require(Prefix(prefix))), score: time)
        }
        record.windows = try [
            window(50, .source, "192.0.2.1"), window(105, .source, "192.0.2.1"),
            window(105, .source, "10.9.9.9"),
            window(205, .destination, "10.0.0.2"), window(205, .source, "10.9.9.9"),
            window(305, .source, "192.0.2.9"),
        ]
        let judgement = Judgement(record, labels: try Label.read(csv: Self.csv), in: 0..<3600)
        #expect(judgement.attackScores == [105, 205])
        #expect(judgement.benignScores == [50])
    }

    @Test("areas under the curves are those computed by hand, ties counting half")
    func areas() throws {
        let curves = try #require(Curves(attack: [3, 2, 1], benign: [2, 0, 0, 0]))
        // 3 beats four; 2 beats three and ties one; 1 beats three.
        #expect(abs(curves.rocArea - (4 + 3.5 + 3) / 12) < 1e-12)
        #expect(abs(curves.prArea - (1 + 2.0 / 3 + 3.0 / 4) / 3) < 1e-12)
        #expect(curves.roc.first == .init(x: 0, y: 0) && curves.roc.last == .init(x: 1, y: 1))
        #expect(Curves(attack: [], benign: [1]) == nil)
    }

    @Test("the area is the share of pairs in the right order, whatever the scores")
    func areaOfRandom() throws {
        var random = SeededGenerator()
        for _ in 0..<50 {
            let scores = { (count: Int) in
                (0..<count).map { _ in Double(Int.random(in: 0...9, using: &random)) }
            }
            let (attack, benign) = (scores(23), scores(31))
            let pairs = attack.flatMap { a in benign.map { b in a > b ? 1 : a == b ? 0.5 : 0 } }
            let curves = try #require(Curves(attack: attack, benign: benign))
            #expect(abs(curves.rocArea - pairs.reduce(0, +) / Double(pairs.count)) < 1e-9, "\(random)")
        }
    }

    @Test("intervals are those of the tables")
    func intervals() throws {
        let share = try #require(Interval.share(8, of: 10))
        #expect(abs(share.low - 0.4902) < 1e-4 && abs(share.high - 0.9433) < 1e-4)
        let none = try #require(Interval.rate(0, in: 2))
        #expect(none.low == 0 && abs(none.high - 3.6889 / 2) < 1e-4)
        let some = try #require(Interval.rate(10, in: 1))
        #expect(abs(some.low - 4.7954) < 1e-4 && abs(some.high - 18.3904) < 1e-4)
        #expect(Interval.share(0, of: 0) == nil && Interval.rate(3, in: 0) == nil)
    }

    @Test(
        "a detector with fixed thresholds alarms beyond them, once a minute; deviations only beyond what was learned"
    )
    func baselines() throws {
        let source = Entity(view: .source, prefix: try #require(Prefix("192.0.2.1")))
        let window = { (packets: UInt64) in
            Window(
                entity: source, slot: 0, serial: 0, packets: packets, bytes: packets * 60,
                evidence: Evidence())
        }
        var thresholds = Baseline(.thresholds)
        var deviations = Baseline(.deviations)
        for second in 0..<100 {
            deviations.observe(window(UInt64(10 + second % 5)), at: Double(second), isLearning: true)
        }
        for (second, packets) in [10, 25_000, 26_000, 14].enumerated() as EnumeratedSequence<[UInt64]> {
            thresholds.observe(window(packets), at: Double(100 + second), isLearning: false)
            deviations.observe(window(packets), at: Double(100 + second), isLearning: false)
        }
        #expect(thresholds.record.alerts.map(\.time) == [101])
        #expect(deviations.record.alerts.map(\.time) == [101])
        #expect(thresholds.record.windows.count == 4)
    }

    @Test("the page holds what it is given, as text, and asks for nothing from outside")
    func page() throws {
        var record = Record()
        (record.firstTime, record.lastTime) = (0, 3600)
        record.alerts = [try alert(50, .source, "10.0.0.77")]
        let labels = try Label.read(csv: Self.csv.replacing("scan_a", with: "<script>"))
        let judgement = Judgement(record, labels: labels, in: 0..<3600)
        var page = HTMLReport(title: "A & B")
        let figures = Figures(judgement, curves: nil, capture: "c", detector: "alerts")
        let curves = try #require(Curves(attack: [1, 2], benign: [0, 1]))
        page.add(HTMLReport.Section(record: record, labels: labels, figures: [figures]))
        page.add(summary: [figures], curves: [("alerts", curves)])
        #expect(page.text.contains("A &amp; B") && page.text.contains("&lt;script&gt;"))
        #expect(page.text.contains("Found by alerts: flood 0/1, scan 0/1"))
        #expect(!page.text.contains("<script") && !page.text.contains("http") && !page.text.contains("nan"))
    }
}
