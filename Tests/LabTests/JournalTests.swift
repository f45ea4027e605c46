import API
import Control
import Testing
import Traffic

@testable import Lab

struct JournalTests {
    @Test("a ban, its first drop and its end are told once each")
    func life() {
        var journal = journal()
        journal.attacks[0].firstPacket = at(10)
        let first = ban("198.51.100.66")
        #expect(journal.update(bans: [first], at: at(10.5)) == [.banned("scan4", first)])
        #expect(journal.update(bans: [first], at: at(10.6)).isEmpty)
        #expect(
            journal.update(bans: [ban("198.51.100.66", dropped: 3)], at: at(10.7)) == [.firstDrop("scan4")])
        #expect(journal.update(bans: [ban("198.51.100.66", dropped: 9)], at: at(10.8)).isEmpty)
        #expect(journal.attacks[0].isBanned)
        #expect(journal.update(bans: [], at: at(30)) == [.banEnded("scan4")])
        #expect(journal.update(bans: [], at: at(31)).isEmpty)
        #expect(!journal.attacks[0].isBanned)
        #expect(journal.attacks[0].dropped == 9)
        #expect(journal.attacks[0].banEnd == at(30))
        #expect(abs((journal.attacks[0].reaction ?? 0) - 0.7) < 1e-6)
    }

    @Test("packets dropped by a later rule add to those of the first")
    func laterRule() {
        var journal = journal()
        journal.attacks[0].firstPacket = at(10)
        _ = journal.update(bans: [ban("198.51.100.66", rule: 1, dropped: 100)], at: at(11))
        _ = journal.update(bans: [], at: at(30))
        let second = ban("198.51.100.66", rule: 2, dropped: 7)
        #expect(journal.update(bans: [second], at: at(40)) == [.banned("scan4", second)])
        #expect(journal.attacks[0].dropped == 107)
        #expect(journal.attacks[0].firstDrop == at(11))
    }

    @Test("only an enforced ban on the attacker counts as its ban")
    func unrelated() {
        var journal = journal()
        journal.attacks[0].firstPacket = at(10)
        let bans = [
            ban("198.51.100.66", rule: 1, dropped: 5, isShadowed: true),
            ban("198.51.100.66", rule: 2, dropped: 5, action: .limit),
            ban("2001:db8:1:99::/64", rule: 3, dropped: 5),
        ]
        #expect(journal.update(bans: bans, at: at(11)) == [.otherBanned(bans[2])])
        #expect(journal.update(bans: bans, at: at(12)).isEmpty)
        #expect(!journal.attacks[0].isBanned)
    }

    @Test("an IPv6 attacker is covered by its /64, and no client with it")
    func prefix() {
        var journal = journal(attacks: ["flood6"])
        journal.attacks[0].firstPacket = at(10)
        #expect(journal.update(bans: [ban("2001:db8:1:46::/64", dropped: 1)], at: at(11)).count == 2)
        #expect(journal.name(for: Prefix("2001:db8:1:46::/64") ?? Prefix(Address(ipv4: 0))) == "flood6")
        #expect(journal.name(for: Prefix("2001:db8:1:c::/64") ?? Prefix(Address(ipv4: 0))) == "web6")
        #expect(journal.name(for: Prefix(Address(ipv4: 0))) == nil)
    }

    @Test("packets that a host sent before its attack are not the attack's")
    func baseline() {
        var journal = journal()
        journal.attacks[0].update(total: 12, elapsed: 1)
        journal.attacks[0].firstPacket = at(10)
        journal.attacks[0].update(total: 112, elapsed: 10)
        #expect(journal.attacks[0].sent == 100)
        #expect(journal.attacks[0].packets.last(11, before: 11) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100])
    }

    @Test("phases change with the first packet and with the block, and with each attack anew")
    func phases() {
        var journal = journal(attacks: ["scan4", "flood4"])
        #expect(journal.phase(at: at(5)) == .before)
        journal.attacks[0].firstPacket = at(10)
        journal.attacks[0].firstDrop = at(12)
        journal.attacks[1].firstPacket = at(20)
        let expected: [(Double, Phase)] = [
            (9.9, .before), (10, .during), (11.9, .during), (12, .after), (19.9, .after), (20, .during),
            (100, .during),
        ]
        for (seconds, phase) in expected { #expect(journal.phase(at: at(seconds)) == phase) }
        journal.attacks[1].end = at(60)
        #expect(journal.phase(at: at(61)) == .after)
        #expect(journal.seconds(until: at(100)) == [.before: 10, .during: 42, .after: 48])
    }

    @Test("a history gives full seconds only, and nothing where nothing was")
    func history() {
        var history = History()
        history.add(2, at: 0.5)
        history.add(1, at: 2.0)
        history.add(1, at: 2.9)
        history.add(9, at: 3.1)
        history.add(1, at: -1)
        history.add(1, at: .infinity)
        #expect(history.last(4, before: 3.5) == [0, 2, 0, 2])
        #expect(history.last(2, before: 50) == [0, 0])
    }
}
