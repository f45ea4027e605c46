import ArgumentParser
import Configuration

/// How to print.
struct OutputOptions: ParsableArguments {
    /// For people, or for programs.
    enum Format: String, CaseIterable { case table, json, jsonl, csv }

    @Option(
        help: """
            table: for people. json: the API's document. jsonl: one line for each row of it. csv: a line of \
            names, then one for each row.
            """,
        completion: .words(of: Format.self), transform: parseChoice)
    var format = Format.table
}

/// How to print what goes on and on: line by line.
struct StreamOptions: ParsableArguments {
    /// For people, or for programs.
    enum Format: String, CaseIterable { case table, jsonl }

    @Option(
        help: "table: for people. jsonl: JSON Lines.", completion: .words(of: Format.self),
        transform: parseChoice)
    var format = Format.table
}

/// Reads one of a few words; the error names them all, and the nearest.
func parseChoice<Word: RawRepresentable<String> & CaseIterable>(_ text: String) throws -> Word {
    if let word = Word(rawValue: text) { return word }
    let words = Word.allCases.map(\.rawValue)
    throw ValidationError(
        "`\(text)` is not one of \(words.joined(separator: ", "))" + suggestion(for: text, among: words))
}

extension CompletionKind {
    /// The words of an option that `parseChoice` reads.
    static func words<Word: RawRepresentable<String> & CaseIterable>(of type: Word.Type) -> CompletionKind {
        .list(type.allCases.map(\.rawValue))
    }
}
