import API
import NIOCore
import Synchronization

/// The connections that are open, and who may have one more.
///
/// Nobody can keep others out: each user but root (and the agent's own) has a few, all of them together have some, and who
/// may do nothing has none at all, but for the moment in which he is told so.
final class Connections: Sendable {
    enum Admission {
        case served
        /// To be told why not, and let go.
        case refused(ControlError)
        /// To be let go at once: too many are being told.
        case dropped
    }

    /// Of one user.
    private static let mostEach = 8
    /// Of all users but root and the agent's own.
    private static let most = 32
    /// Callers at a time who are told that they are refused.
    private static let mostRefused = 16

    private struct State {
        var counts: [UInt32: Int] = [:]
        var refused = 0
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Decides on a connection, and takes a place for it; `leave` gives it back.
    func admit(_ caller: Caller, _ access: ControlAccess) -> Admission {
        state.withLock { state in
            do throws(ControlError) {
                // Who may do nothing is not listened to.
                try access.check(caller, isReading: true)
                if caller.isOwner { return .served }
                let own = state.counts[caller.user, default: 0]
                if own >= Self.mostEach {
                    throw ControlError(
                        .unavailable, "\(caller.name) has \(own) connections already", hint: "try again later"
                    )
                }
                if state.counts.values.reduce(0, +) >= Self.most {
                    throw ControlError(
                        .unavailable, "there are \(Self.most) connections already", hint: "try again later")
                }
                state.counts[caller.user] = own + 1
                return .served
            } catch {
                guard state.refused < Self.mostRefused else { return .dropped }
                state.refused += 1
                return .refused(error)
            }
        }
    }

    /// Gives the place of a connection back.
    func leave(_ caller: Caller, wasRefused: Bool) {
        state.withLock { state in
            if wasRefused {
                state.refused -= 1
            } else if let count = state.counts[caller.user] {
                state.counts[caller.user] = count > 1 ? count - 1 : nil
            }
        }
    }

    /// Remembers an open connection until it ends.
    func add(_ channel: any Channel) {
        let isClosed = state.withLock { state in
            state.channels[ObjectIdentifier(channel)] = channel
            return state.isClosed
        }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { $0.channels[ObjectIdentifier(channel)] = nil }
        }
        if isClosed { channel.close(promise: nil) }
    }

    /// Ends all of them, and every one that comes.
    func closeAll() {
        let channels = state.withLock { state in
            state.isClosed = true
            return Array(state.channels.values)
        }
        for channel in channels { channel.close(promise: nil) }
    }
}
