import ArgumentParser
import Control
import Terminal
import Traffic

/// What a command did to one prefix, in the API's words, or to many.
enum Outcome<One: Encodable & Sendable>: Encodable, Sendable {
    case one(One)
    case many(BatchResult)

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .one(let document): try document.encode(to: encoder)
        case .many(let result): try result.encode(to: encoder)
        }
    }
}

extension BatchResult {
    /// What there is to do for it to stay.
    func reminders(at now: Timestamp) -> String { pending?.reminder(at: now) ?? "" }
}

extension Subjects {
    /// Does one thing to all, or, if something stands in its way, to none.
    ///
    /// Lists that are too long for one request are tried to their end before anything is done.
    func batch(
        _ action: BatchRequest.Action, duration: Duration? = nil, reason: String? = nil,
        confirm: Duration? = nil, _ service: any ControlService
    ) async throws -> BatchResult {
        let progress = ProgressLine()
        var result = BatchResult(count: 0, lifted: 0)
        let size = BatchRequest.mostPrefixes
        guard confirm == nil || prefixes.count <= size else {
            throw ValidationError("--confirm is for at most \(size.grouped) prefixes at a time")
        }
        for isTrial in prefixes.count > size ? [true, false] : [false] {
            for start in stride(from: 0, to: prefixes.count, by: size) {
                let chunk = Array(prefixes[start..<min(start + size, prefixes.count)])
                let request = BatchRequest(
                    action: action, prefixes: chunk, duration: duration?.seconds, reason: reason,
                    isTrial: isTrial ? true : nil, confirm: confirm?.seconds)
                do {
                    let done = try await service.batch(request)
                    if !isTrial {
                        result.count += done.count
                        result.lifted += done.lifted
                        result.pending = done.pending
                    }
                } catch let error as ControlError {
                    throw failure(error, done: result.count)
                }
                let verb = isTrial ? "checked" : "done"
                progress.show("\(verb) \((start + chunk.count).grouped) of \(prefixes.count.grouped)")
            }
        }
        progress.clear()
        return result
    }

    /// The error with every prefix that is refused, and where it was named.
    private func failure(_ error: ControlError, done: Int) -> Failure {
        var failure = Failure(error)
        if let refused = error.refused, let first = refused.first {
            let lines = refused.map { "\(place(of: $0.prefix))\($0.message)" }
            failure.message =
                refused.count == 1 ? lines[0] : ([failure.message] + lines).joined(separator: "\n")
            failure.hint = refused.count == 1 ? first.hint : nil
        }
        if done > 0 { failure.message += "\n\(done.grouped) were done before; repeating them does no harm" }
        return failure
    }
}
