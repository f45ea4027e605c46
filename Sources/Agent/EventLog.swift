import API
import Synchronization

/// The last events, and those who follow them.
///
/// A follower who does not read fast enough misses events, and is told how many with the next one that he gets: neither the
/// agent nor its memory waits for him.
final class EventLog: Sendable {
    /// So many events are kept.
    static let kept = 1000
    static let mostFollowers = 8

    private typealias Continuation = AsyncThrowingStream<EventReport, any Error>.Continuation

    private struct Follower {
        var query: EventQuery
        var continuation: Continuation
        var missed = 0
    }

    private struct State {
        /// The latest `kept` to twice as many, so that the oldest need not be moved out each time.
        var events: [EventReport] = []
        var lastID: Int64 = 0
        var followers: [Int: Follower] = [:]
        var lastFollower = 0

        func latest(_ query: EventQuery, most: Int) -> [EventReport] {
            Array(events.suffix(EventLog.kept).filter(query.matches).suffix(query.limit ?? most))
        }
    }

    private let state = Mutex(State())

    func add(_ event: EventReport) {
        state.withLock { state in
            var event = event
            state.lastID += 1
            event.id = state.lastID
            state.events.append(event)
            if state.events.count >= 2 * Self.kept {
                state.events.removeFirst(state.events.count - Self.kept)
            }
            for (number, follower) in state.followers where follower.query.matches(event) {
                var told = event
                told.missed = follower.missed > 0 ? follower.missed : nil
                let isTold =
                    switch follower.continuation.yield(told) {
                    case .dropped: false
                    default: true
                    }
                state.followers[number]?.missed = isTold ? 0 : follower.missed + 1
            }
        }
    }

    /// Those that have happened, the oldest first.
    func latest(_ query: EventQuery) -> [EventReport] {
        state.withLock { $0.latest(query, most: ListLimits.usual) }
    }

    /// Those that have happened, then those that happen.
    ///
    /// - Throws: `ControlError` if too many follow already.
    func follow(_ query: EventQuery) throws(ControlError) -> AsyncThrowingStream<EventReport, any Error> {
        let (stream, continuation) = AsyncThrowingStream.makeStream(
            of: EventReport.self, bufferingPolicy: .bufferingOldest(Self.kept))
        let number: Int? = state.withLock { state in
            guard state.followers.count < Self.mostFollowers else { return nil }
            for event in state.latest(query, most: 0) { continuation.yield(event) }
            state.lastFollower += 1
            state.followers[state.lastFollower] = Follower(query: query, continuation: continuation)
            return state.lastFollower
        }
        guard let number else {
            throw ControlError(
                .unavailable, "\(Self.mostFollowers) readers follow the events already",
                hint: "end one of them, or ask for `events` without following")
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.followers.removeValue(forKey: number) }
        }
        return stream
    }

    /// Ends what all followers read.
    func close() {
        // Ending a stream calls its `onTermination`, which must find the lock free.
        let followers = state.withLock { state in
            defer { state.followers = [:] }
            return state.followers.values.map(\.continuation)
        }
        for continuation in followers { continuation.finish() }
    }
}
