import API
import ArgumentParser
import Terminal
import Traffic

/// What a command did to prefixes: what the agent answered, and the prefix if it was a single one.
struct Changed: Encodable, Sendable {
    let only: Prefix?
    let result: ChangeResult

    func encode(to encoder: any Encoder) throws { try result.encode(to: encoder) }

    /// What was lifted for it, for people.
    var lifted: String {
        only == nil
            ? result.lifted > 0 ? "Lifted \(result.lifted.grouped) bans and limits.\n" : ""
            : result.bans.map { "Lifted the ban or limit on \($0.prefix).\n" }.joined()
    }

    /// `192.0.2.7 is`, `5,000 prefixes are`.
    var subject: String { only.map { "\($0) is" } ?? counted(result.count, "prefix is", "prefixes are") }

    /// What was not there to be taken off, and what there is to do for the rest to stay.
    func remarks(at now: Timestamp) -> String {
        let missing = result.missing ?? []
        let named =
            missing.prefix(Subjects.mostMistakes).map(\.description)
            + Subjects.more(missing.count - Subjects.mostMistakes)
        let absent =
            missing.isEmpty
            ? "" : "\(counted(missing.count, "was", "were")) not there: \(named.joined(separator: ", "))\n"
        return absent + (result.pending?.reminder(at: now) ?? "")
    }
}

extension Subjects {
    /// Has the agent do one thing to all or, if something stands in its way, to none; that is named where it was.
    func change(_ ask: ([Prefix]) async throws -> ChangeResult) async throws -> Changed {
        guard prefixes.count <= ListLimits.prefixes else {
            throw ValidationError(
                "\(prefixes.count.grouped) prefixes are more than \(ListLimits.prefixes.grouped), which go at a time"
            )
        }
        do {
            return Changed(only: prefixes.count == 1 ? prefixes[0] : nil, result: try await ask(prefixes))
        } catch let error as ControlError {
            var failure = Failure(error)
            let lines = error.refused?.map { "\(place(of: $0.prefix))\($0.message)" } ?? []
            if prefixes.count == 1 { failure.message = place(of: prefixes[0]) + failure.message }
            if lines.count == 1 { (failure.message, failure.hint) = (lines[0], error.refused?.first?.hint) }
            if lines.count > 1 { failure.message = ([failure.message] + lines).joined(separator: "\n") }
            throw failure
        }
    }
}
