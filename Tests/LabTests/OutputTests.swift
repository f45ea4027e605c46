import Testing
import Traffic

@testable import Lab

/// Reading what tools and the kernel print.
struct OutputTests {
    @Test(
        "a line of curl is a request that is answered only by code 200 and exit code 0",
        arguments: [
            ("200 0 0.000394", true), ("000 28 2.001234", false), ("404 0 0.000300", false),
            ("200 18 0.5", false),
        ])
    func curl(line: String, isAnswered: Bool) throws {
        let request = try #require(Request(curl: line, at: at(5)))
        #expect(request.isAnswered == isAnswered)
        #expect(request.start == at(5) - .seconds(request.duration))
    }

    @Test("a line of dnsperf is a request that is lost when it says T, and refused when it is no NOERROR")
    func dnsperf() throws {
        let answered = try #require(Request(dnsperf: "> NOERROR www.lab.example A 0.000125", at: at(5)))
        #expect(answered.isAnswered && answered.duration == 0.000125)
        let refused = try #require(Request(dnsperf: "> REFUSED www.lab.example AAAA 0.000118", at: at(5)))
        #expect(!refused.isAnswered)
        let lost = try #require(Request(dnsperf: "> T www.lab.example A", at: at(5)))
        #expect(!lost.isAnswered && lost.start == at(5) - .seconds(Session.patience))
    }

    @Test(
        "other lines are no requests",
        arguments: [
            "", "200", "200 0", "200 0 x", "curl: (28) timed out", "[Status] Started at: now", "> T",
            "> x y z u",
        ])
    func noise(line: String) {
        #expect(Request(curl: line, at: at(5)) == nil)
        #expect(Request(dnsperf: line, at: at(5)) == nil)
    }

    @Test(
        "a duration that no clock can have does no harm", arguments: ["200 0 1e300", "200 0 -1", "200 0 nan"])
    func absurd(line: String) throws {
        let request = try #require(Request(curl: line, at: at(5)))
        #expect((0...3600).contains(request.duration))
    }

    @Test("packets received stand behind the name and the bytes, whatever the padding")
    func ports() {
        let text = """
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs
                lo:       0       0    0    0    0     0          0         0        0       0    0
             scan4: 1234567   20123    0    0    0     0          0         0     7000     100    0
            flood6:98 7 0
            broken
            half: 12
            """
        #expect(Ports.parse(text) == ["lo": 0, "scan4": 20123, "flood6": 7])
        #expect(Ports.parse("").isEmpty)
    }
}
