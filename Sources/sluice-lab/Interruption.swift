import Dispatch
import Foundation

/// Cancels a task on the signals that end a program, so that the lab is taken down on every way out.
struct Interruption {
    private let sources: [any DispatchSourceSignal]

    init<Outcome>(of task: Task<Outcome, any Error>) {
        // A reader of our output that goes away must not keep us from cleaning up.
        Foundation.signal(SIGPIPE, SIG_IGN)
        sources = [SIGINT, SIGTERM, SIGHUP].map { signal in
            // Else the signal ends the process before the source sees it.
            Foundation.signal(signal, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: signal, queue: .global())
            source.setEventHandler { task.cancel() }
            source.resume()
            return source
        }
    }

    func end() {
        for source in sources { source.cancel() }
    }
}

/// Tells on standard error what went wrong.
func complain(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data("sluice-lab: \(text)\n".utf8))
}
