import Foundation
import Testing
import Traffic

@testable import Lab

struct OutcomeTests {
    @Test("a run passes when every attack is blocked and no client lost anything")
    func passes() {
        let outcome = Outcome(blockedJournal(), end: at(60))
        #expect(outcome.failures.isEmpty)
        #expect(outcome.isSuccess)
        #expect(outcome.clients.allSatisfy { $0.before.requests == 10 && $0.during.requests == 1 })
        #expect(outcome.clients.allSatisfy { $0.after.requests == 49 && $0.after.requestsPerSecond == 1 })
        #expect(Summary.verdict(outcome).hasPrefix("PASSED"))
    }

    @Test(
        "a client may lose 1 % of its requests after the block, and no more",
        arguments: [(answered: 99, lost: 1, passes: true), (98, 2, false), (1, 1, false), (0, 0, false)])
    func loss(answered: Int, lost: Int, passes: Bool) {
        var journal = journal()
        journal.attacks = blockedJournal().attacks
        for index in journal.clients.indices {
            let isTested = index == 0
            for number in 0..<(isTested ? answered + lost : 100) {
                let request = Request(start: at(20), duration: 1, isAnswered: !isTested || number >= lost)
                journal.clients[index].add(request, since: at(0))
            }
        }
        let outcome = Outcome(journal, end: at(60))
        #expect(outcome.isSuccess == passes)
        #expect(outcome.failures.count == (passes ? 0 : 1))
        #expect(passes || outcome.failures[0].contains("web4"))
    }

    @Test("what is lost before the block does not count against the agent")
    func lossBefore() {
        var journal = blockedJournal()
        journal.clients[0].add(Request(start: at(5), duration: 2, isAnswered: false), since: at(0))
        journal.clients[0].add(Request(start: at(10.5), duration: 2, isAnswered: false), since: at(0))
        let outcome = Outcome(journal, end: at(60))
        #expect(outcome.isSuccess)
        #expect(outcome.clients[0].before.lost == 1 && outcome.clients[0].during.lost == 1)
    }

    @Test(
        "a run fails with a sentence when an attack is not blocked, still reaches the server, or never could")
    func failures() {
        var unblocked = blockedJournal()
        unblocked.attacks[0].firstDrop = nil
        unblocked.attacks[0].end = at(50)
        #expect(
            Outcome(unblocked, end: at(60)).failures == [
                "the port scan over IPv4 from 198.51.100.66 was not blocked"
            ])

        var leaking = blockedJournal()
        leaking.attacks[0].reachedDuring = true
        #expect(Outcome(leaking, end: at(60)).failures.first?.contains("still reached") == true)

        var broken = blockedJournal()
        broken.attacks[0].reachedBefore = false
        #expect(Outcome(broken, end: at(60)).failures.first?.contains("even before") == true)
        #expect(Summary.verdict(Outcome(broken, end: at(60))).hasPrefix("FAILED: "))
    }

    @Test("the quantile is the smallest element that no less than the fraction are up to")
    func quantile() {
        #expect([Double]().quantile(0.95) == nil)
        #expect([3.0].quantile(0.95) == 3)
        #expect((1...100).map(Double.init).shuffled().quantile(0.95) == 95)
        #expect([1.0, 2, 3, 4].quantile(0.5) == 2)
        #expect([1.0, 2].quantile(0) == 1)
        #expect([1.0, 2].quantile(1) == 2)
    }
}
