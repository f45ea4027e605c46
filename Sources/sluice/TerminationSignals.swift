import Dispatch
import Glibc

/// SIGINT and SIGTERM, caught from the moment this value is made, so that an early one is not lost.
final class TerminationSignals: @unchecked Sendable {
    private let arrivals: AsyncStream<Void>
    // Kept for their life only: nobody touches them after `init`.
    private let sources: [any DispatchSourceSignal]

    init() {
        // Whoever reads our output may go away (`sluice run | head`); that must not end the agent.
        _ = signal(SIGPIPE, SIG_IGN)
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        arrivals = stream
        sources = [SIGINT, SIGTERM].map { number in
            // Else the default action would end the process before we hear of it.
            _ = signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { continuation.yield() }
            source.resume()
            return source
        }
    }

    /// Returns when the first signal comes, or the task is cancelled.
    func first() async {
        for await _ in arrivals { return }
    }
}

/// SIGHUP, which by custom asks a daemon to read its configuration again.
final class HangupSignals: @unchecked Sendable {
    let arrivals: AsyncStream<Void>
    // Kept for its life only: nobody touches it after `init`.
    private let source: any DispatchSourceSignal

    init() {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        arrivals = stream
        _ = signal(SIGHUP, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: SIGHUP)
        source.setEventHandler { continuation.yield() }
        source.resume()
    }
}
