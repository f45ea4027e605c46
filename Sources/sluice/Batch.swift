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
    /// What was not there to be taken off, and what there is to do for the rest to stay.
    func remarks(at now: Timestamp) -> String {
        let missing = missing ?? []
        let named =
            missing.prefix(Subjects.mostMistakes).map(\.description)
            + Subjects.more(missing.count - Subjects.mostMistakes)
        let absent =
            missing.isEmpty
            ? "" : "\(counted(missing.count, "was", "were")) not there: \(named.joined(separator: ", "))\n"
        return absent + (pending?.reminder(at: now) ?? "")
    }
}

extension Subjects {
    /// Does one thing to all, or, if something stands in its way, to none.
    ///
    /// Lists that are too long for one request are tried to their end before anything is done. What comes in between all the
    /// same (the agent stops) is told with how far it came; the same command again does the rest.
    func batch(
        _ action: BatchRequest.Action, duration: Duration? = nil, reason: String? = nil,
        confirm: Duration? = nil, _ service: any ControlService
    ) async throws -> BatchResult {
        let progress = ProgressLine()
        defer { progress.clear() }
        var result = BatchResult(count: 0, lifted: 0)
        let size = BatchRequest.mostPrefixes
        guard confirm == nil || prefixes.count <= size else {
            throw ValidationError("--confirm is for at most \(size.grouped) prefixes at a time")
        }
        // Of what is to be lifted nothing can be refused.
        let isTried = prefixes.count > size && action != .unban
        for isTrial in isTried ? [true, false] : [false] {
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
                        if let missing = done.missing { result.missing = (result.missing ?? []) + missing }
                    }
                } catch {
                    throw failure(error, at: isTrial ? nil : start..<start + chunk.count)
                }
                let verb = isTrial ? "checked" : "done"
                progress.show("\(verb) \((start + chunk.count).grouped) of \(prefixes.count.grouped)")
            }
        }
        if result.count == 0, let missing = result.missing {
            throw Failure(
                "none of \(prefixes.count.grouped) prefixes is there to be taken off",
                hint: "such as \(place(of: missing[0]))\(missing[0])", exitCode: ExitCode(4))
        }
        return result
    }

    /// The error with every prefix that is refused, where it was named, and how far a list of several requests came.
    ///
    /// `chunk` is the places of those that were being done; `nil` while nothing was done yet.
    private func failure(_ error: any Error, at chunk: Range<Int>?) -> Failure {
        var failure = Failure(error)
        let answer = error as? ControlError
        if let refused = answer?.refused, let first = refused.first {
            let lines = refused.map { "\(place(of: $0.prefix))\($0.message)" }
            failure.message =
                refused.count == 1 ? lines[0] : ([failure.message] + lines).joined(separator: "\n")
            failure.hint = refused.count == 1 ? first.hint : nil
        }
        guard let chunk, prefixes.count > BatchRequest.mostPrefixes else { return failure }
        func named(_ place: Int) -> String { "\(self.place(of: prefixes[place]))\(prefixes[place])" }
        let done =
            chunk.lowerBound == 0
            ? "nothing was done"
            : "\(chunk.lowerBound.grouped) of \(prefixes.count.grouped) are done, to \(named(chunk.lowerBound - 1))"
        // An agent that says no has done nothing; of one that says nothing one cannot know.
        let rest =
            switch answer?.code {
            case nil, .unavailable:
                "; of the next \(chunk.count.grouped), to \(named(chunk.upperBound - 1)), that is not known"
            default: ""
            }
        failure.message += "\n\(done)\(rest)"
        failure.hint =
            [failure.hint, "The same command again does the rest, and leaves what is done as it is."]
            .compactMap(\.self).joined(separator: "\n  ")
        return failure
    }
}
