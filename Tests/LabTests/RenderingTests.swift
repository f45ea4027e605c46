import Terminal
import Testing
import Traffic

@testable import Lab

struct RenderingTests {
    @Test("no line of the status block is wider than the screen", arguments: [80, 100, 160])
    func width(columns: Int) {
        var journal = blockedJournal()
        journal.attacks = Attack.all.map { AttackRecord(attack: $0) }
        let lines = StatusBlock.lines(
            journal, at: at(61), on: Terminal.Screen(width: columns, isColoured: false))
        #expect(lines.count == 3 + Client.all.count + Attack.all.count)
        for line in lines { #expect(line.count <= columns, "\(line)") }
    }

    @Test("the block says what each attack does")
    func states() {
        let screen = Terminal.Screen(width: 120, isColoured: false)
        var journal = blockedJournal()
        let line = { (journal: Journal) in
            StatusBlock.lines(journal, at: at(12), on: screen).first { $0.hasPrefix("scan4") } ?? ""
        }
        #expect(line(journal).hasSuffix("banned, 18 s left"))
        _ = journal.update(bans: [], at: at(30))
        #expect(line(journal).hasSuffix("ban ended"))
        var fresh = Lab.Journal(start: at(0), clients: [], attacks: Attack.all)
        #expect(line(fresh).hasSuffix("waiting"))
        fresh.attacks[0].firstPacket = at(5)
        #expect(line(fresh).hasSuffix("attacking"))
        fresh.attacks[0].end = at(9)
        #expect(line(fresh).hasSuffix("not blocked"))
    }

    @Test("an event is one line with its time, and its details are indented below")
    func event() {
        let event = Event(kind: .ban, elapsed: 65.4, text: "scan4: banned", details: ["why\nand how"])
        let lines = EventText.lines(event, on: Terminal.Screen(width: 80, isColoured: false))
        #expect(lines[0] == " 1:05  BAN      scan4: banned")
        #expect(lines.dropFirst().map { $0.drop { $0 == " " } } == ["why", "and how"])
    }

    @Test(
        "short times keep the digits that matter",
        arguments: [
            (0.0012, "1.2 ms"), (0.0994, "99.4 ms"), (0.614, "0.61 s"), (9.994, "9.99 s"), (19.6, "20 s"),
        ])
    func seconds(value: Double, text: String) {
        #expect(Text.seconds(value) == text)
    }
}
