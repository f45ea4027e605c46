import API
import ArgumentParser
import Terminal
import Traffic

/// What a command did to prefixes: what the agent answered, and the prefix if it was a single one.
struct Changed: Encodable, Sendable {
    let only: Prefix?
    let result: ChangeResult
    /// Places of a file that name nothing, and were left out.
    var mistakes: [String] = []
    /// What was refused and left out, each with where it was named.
    var leftOut: [String] = []

    private enum Key: CodingKey { case mistakes }

    func encode(to encoder: any Encoder) throws {
        try result.encode(to: encoder)
        if mistakes.isEmpty { return }
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(mistakes, forKey: .mistakes)
    }

    /// Before everything else, if nothing was done.
    var opening: String {
        result.isDryRun == true ? "Nothing is changed (--dry-run). This would be done:\n" : ""
    }

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
        let kept =
            (result.kept ?? 0) == 0
            ? ""
            : only != nil
                ? "A ban by hand from before lasts longer than that, and holds.\n"
                : "\(counted(result.kept ?? 0, "prefix was", "prefixes were")) banned by hand for longer before, which holds.\n"
        return kept + omissions + absent + (result.pending?.reminder(at: now) ?? "")
    }
}

extension Changed {
    /// What was left out, and why: the first of it.
    private var omissions: String {
        let count = mistakes.count + (result.refusedCount ?? 0)
        guard count > 0 else { return "" }
        let lines = (mistakes + leftOut).prefix(Subjects.mostMistakes).map { "  \($0)\n" }
        let more = count - lines.count
        return "\(counted(count, "place was", "places were")) left out:\n" + lines.joined()
            + (more > 0 ? "  ... and \(more.grouped) more (--format json has them)\n" : "")
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
            let result = try await ask(prefixes)
            return Changed(
                only: prefixes.count == 1 ? prefixes[0] : nil, result: result, mistakes: mistakes,
                leftOut: (result.refused ?? []).map { "\(place(of: $0.prefix))\($0.message)" })
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
