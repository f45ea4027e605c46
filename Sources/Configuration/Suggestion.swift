/// `; did you mean `WORD`?` with the choice nearest to what was written, or nothing if none is near.
package func suggestion(for text: String, among choices: [String]) -> String {
    let near = choices.map { ($0, distance(text.lowercased(), $0)) }.min { $0.1 < $1.1 }
    guard let near, near.1 <= max(1, near.0.count / 3) else { return "" }
    return "; did you mean `\(near.0)`?"
}

/// Edits (insert, delete, replace, swap of neighbours) that turn one text into the other: the optimal string
/// alignment distance, of which only texts of up to 64 bytes are worth the work.
private func distance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left.utf8.prefix(64)), Array(right.utf8.prefix(64)))
    var beforeLast = [Int](repeating: 0, count: right.count + 1)
    var last = Array(0...right.count)
    for i in left.indices {
        var row = [i + 1]
        for j in right.indices {
            var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                best = min(best, beforeLast[j - 1] + 1)
            }
            row.append(best)
        }
        (beforeLast, last) = (last, row)
    }
    return last[right.count]
}
