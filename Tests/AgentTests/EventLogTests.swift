import API
import Testing
import Traffic

@testable import Agent

@Suite("The log of events")
struct EventLogTests {
    private func event(_ number: Int) -> EventReport {
        EventReport(
            time: Timestamp(nanoseconds: Int64(number)), kind: number % 2 == 0 ? .ban : .end,
            prefix: Prefix(Address(ipv4: UInt32(number))), reason: "scan", text: "\(number)")
    }

    @Test("The latest thousand are kept, numbered one by one, and picked out by what is asked for")
    func keeps() {
        let log = EventLog()
        for number in 1...5000 { log.add(event(number)) }
        let all = log.latest(EventQuery(limit: 5000))
        #expect(all.map(\.id) == (4001...5000).map(Int64.init))
        #expect(log.latest(EventQuery(kind: .ban, limit: 2)).map(\.id) == [4998, 5000])
        #expect(log.latest(EventQuery(source: Prefix(Address(ipv4: 4500)))).map(\.id) == [4500])
        #expect(log.latest(EventQuery(since: Timestamp(nanoseconds: 4999))).map(\.id) == [5000])
        #expect(log.latest(EventQuery(reason: "volume")).isEmpty)
    }

    @Test("A follower gets the past that he asked for, then what he asked for as it happens, then the end")
    func follows() async throws {
        let log = EventLog()
        for number in 1...4 { log.add(event(number)) }
        let stream = try log.follow(EventQuery(kind: .ban, limit: 1))
        for number in 5...8 { log.add(event(number)) }
        log.close()
        var ids: [Int64] = []
        for try await event in stream { ids.append(event.id) }
        #expect(ids == [4, 6, 8])
    }

    @Test("Who does not read misses events and is told how many; nothing waits for him")
    func misses() async throws {
        let log = EventLog()
        let stream = try log.follow(EventQuery(limit: 0))
        for number in 1...5000 { log.add(event(number)) }
        var reader = stream.makeAsyncIterator()
        for number in 1...1000 {
            let event = try await reader.next()
            #expect(event?.id == Int64(number) && event?.missed == nil)
        }
        log.add(event(5001))
        let next = try await reader.next()
        #expect(next?.id == 5001 && next?.missed == 4000)
        log.add(event(5002))
        #expect(try await reader.next()?.missed == nil)
    }

    @Test("There are eight followers at most, and who goes makes room")
    func bounds() async throws {
        let log = EventLog()
        var streams = try (0..<8).map { _ in try log.follow(EventQuery()) }
        #expect(#expect(throws: ControlError.self) { try log.follow(EventQuery()) }?.code == .unavailable)
        streams.removeLast()
        streams.append(try log.follow(EventQuery()))
        #expect(throws: ControlError.self) { try log.follow(EventQuery()) }
        withExtendedLifetime(streams) {}
    }
}
