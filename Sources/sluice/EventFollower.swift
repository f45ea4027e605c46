import API
import Control
import Traffic

/// The events of whichever agent answers at a socket: when one stops, those of the next.
///
/// Of a new agent all events are new, from its start on; of one that only hung up, those with an id above the last that came.
struct EventFollower {
    let client: ControlClient
    let query: EventQuery
    /// Called when nobody answers any more, and when somebody does again.
    let tell: (String) -> Void

    /// Calls `body` with each event, without an end.
    ///
    /// - Throws: what `body` throws; `AgentUnreachable` if no agent answers at first; whatever waiting does not mend.
    func forEach(_ body: (EventReport) throws -> Void) async throws {
        var query = query
        var agent = try await client.status().started
        var last: Int64 = 0
        while true {
            do {
                for try await event in try await client.followEvents(query) {
                    if event.id <= last { continue }
                    last = event.id
                    try body(event)
                }
            } catch let error as AgentUnreachable where error.isTemporary {
                tell("\(Failure(error).message): waiting for the next one")
            }
            let next = try await nextAgent()
            tell("an agent answers again")
            // What happened while nobody was listening is all wanted.
            query.limit = EventQuery.most
            if next != agent { (agent, last) = (next, 0) }
        }
    }

    /// Waits until an agent answers, and returns when it started.
    private func nextAgent() async throws -> Timestamp {
        while true {
            do {
                return try await client.status().started
            } catch let error as AgentUnreachable where error.isTemporary {
            } catch let error as ControlError where error.code == .unavailable {
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }
}

extension AgentUnreachable {
    /// Whether another attempt may succeed, without anybody's doing but the agent's.
    fileprivate var isTemporary: Bool {
        switch reason {
        case .notRunning, .hungUp, .ended: true
        case .notPermitted, .other: false
        }
    }
}
