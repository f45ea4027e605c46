import ArgumentParser
import Foundation
import Traffic

/// Addresses in JSON: one document, or one a line.
///
/// An object has its address under a name such as `ip`, `cidr` or `value`; lists may be of objects or of the addresses
/// themselves, and stand anywhere in it. Of CrowdSec's alerts the decisions count, of nftables' JSON the elements of sets.
struct JSONSubjects {
    private(set) var entries: [SubjectList.Entry] = []

    /// `nil` if `text` is no JSON.
    init?(_ text: Substring) {
        guard let first = text.first(where: { !$0.isWhitespace }), first == "{" || first == "[" else {
            return nil
        }
        if let document = Self.parse(text) {
            collect(document, line: nil, isAddress: document is [Any])
            return
        }
        let lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
        let parsed = lines.map { Self.parse(Substring($0)) }
        guard parsed.contains(where: { $0 is [String: Any] }) else { return nil }
        for (index, line) in lines.enumerated() where !Substring(line).trimmed.isEmpty {
            guard let object = parsed[index] as? [String: Any] else {
                add(
                    .failure(ValidationError("`\(Substring(line).trimmed.shown)` is no JSON object")),
                    index + 1)
                continue
            }
            let before = entries.count
            collect(object, line: index + 1, isAddress: false)
            // What publishers say of the list itself.
            if entries.count == before, object["type"] as? String != "metadata" {
                add(
                    .failure(ValidationError("`\(Substring(line).trimmed.shown)` names no address")),
                    index + 1)
            }
        }
    }

    private static func parse(_ text: Substring) -> Any? {
        try? JSONSerialization.jsonObject(with: Data(text.utf8))
    }

    /// `isAddress`: whether a string is meant as an address, so that another one is a mistake.
    private mutating func collect(_ value: Any, line: Int?, isAddress: Bool) {
        switch value {
        case let text as String:
            let named = Subject.read(text)
            if case .success = named { add(named, line) } else if isAddress { add(named, line) }
        case let list as [Any]:
            for part in list { collect(part, line: line, isAddress: isAddress) }
        case let object as [String: Any]:
            collect(object, line: line)
        default: break
        }
    }

    private mutating func collect(_ object: [String: Any], line: Int?) {
        if let decisions = object["decisions"] as? [Any] {
            return collect(decisions, line: line, isAddress: false)
        }
        if let address = object["addr"] as? String, let length = object["len"] as? Int {
            return add(Subject.read("\(address)/\(length)"), line)
        }
        if let ends = object["range"] as? [String], ends.count == 2 {
            return add(Subject.read("\(ends[0])-\(ends[1])"), line)
        }
        let names = Dictionary(object.keys.map { (Subject.plain($0), $0) }) { first, _ in first }
        let named = Subject.names.compactMap { names[$0].flatMap { object[$0] as? String } }.map {
            Subject.read($0)
        }
        // A name such as `source` may be of something else.
        if let right = named.first(where: { (try? $0.get()) != nil }) ?? named.first {
            return add(right, line)
        }
        for (_, part) in object.sorted(by: { $0.key < $1.key }) where !(part is String) {
            collect(part, line: line, isAddress: false)
        }
    }

    private mutating func add(_ named: Result<[Prefix], ValidationError>, _ line: Int?) {
        entries.append(SubjectList.Entry(line: line, named: named))
    }
}
