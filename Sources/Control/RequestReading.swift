import Features
import Foundation
import Policy
import Traffic

// From the text of a request to what is asked for, with errors that say what was expected.

/// Limits on how much one request may ask for or change.
enum ListLimits {
    /// Entries of alerts and of the busiest, unless the request says how many.
    static let usual = 100
    static let most = 10_000
}

extension HTTPRequest {
    /// The prefix that the path ends with: `10.0.0.0%2F8` as one segment, or `10.0.0.0/8` as two.
    func prefix() throws(ControlError) -> Prefix {
        try Self.prefix(path.dropFirst(2).joined(separator: "/"))
    }

    private static func prefix(_ text: String) throws(ControlError) -> Prefix {
        guard let prefix = Prefix(text) else {
            throw ControlError(
                .invalid, "`\(text)` is neither an address nor a prefix",
                hint: "such as 192.0.2.7 or 10.0.0.0%2F8")
        }
        return prefix
    }

    /// The alert in `alerts/{id}/feedback`.
    func alertID() throws(ControlError) -> Int64 {
        let text = path.dropFirst(2).first ?? ""
        guard let id = Int64(text) else {
            throw ControlError(.invalid, "`\(text)` is not the number of an alert")
        }
        return id
    }

    func address() throws(ControlError) -> Address {
        guard let text = query["address"] else {
            throw ControlError(.invalid, "the parameter `address` is missing")
        }
        guard let address = Address(text) else {
            throw ControlError(
                .invalid, "`\(text)` is not an address", hint: "such as 192.0.2.7 or 2001:db8::7")
        }
        return address
    }

    func since() throws(ControlError) -> Timestamp? {
        guard let text = query["since"] else { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            throw ControlError(
                .invalid, "`since` must be a time, not `\(text)`", hint: "such as 2026-03-01T12:00:00Z")
        }
        return time
    }

    fileprivate func source() throws(ControlError) -> Prefix? {
        guard let text = query["source"] else { return nil }
        return try Self.prefix(text)
    }

    func limit() throws(ControlError) -> Int? {
        guard let text = query["limit"] else { return nil }
        guard let limit = Int(text), (1...ListLimits.most).contains(limit) else {
            throw ControlError(
                .invalid, "`limit` must be a number from 1 to \(ListLimits.most), not `\(text)`")
        }
        return limit
    }

    /// One of a few words.
    fileprivate func word<Word: RawRepresentable<String> & CaseIterable>(
        _ name: String
    ) throws(ControlError) -> Word? {
        guard let text = query[name] else { return nil }
        guard let word = Word(rawValue: text) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw ControlError(.invalid, "`\(name)` must be one of \(words), not `\(text)`")
        }
        return word
    }

    fileprivate func word<Word: RawRepresentable<String> & CaseIterable>(
        _ name: String, or usual: Word
    ) throws(ControlError) -> Word { try word(name) ?? usual }

    /// The body as a document that may have these members only: a misspelt `duration` must not become a ban
    /// for ever.
    func document<Document: Codable>(_ type: Document.Type) throws(ControlError) -> Document {
        let members = Set(Schema(of: type).members)
        if let object = try? JSONSerialization.jsonObject(with: body) as? [String: Any],
            let unknown = object.keys.sorted().first(where: { !members.contains($0) })
        {
            throw ControlError(
                .invalid, "unknown member `\(unknown)`",
                hint: "expected: \(members.sorted().joined(separator: ", "))")
        }
        return try Wire.decode(type, from: body)
    }

    /// The parameters `after` and `hash`, of which neither goes without the other.
    func auditPart() throws(ControlError) -> AuditPart? {
        guard query["after"] != nil || query["hash"] != nil else { return nil }
        guard let line = query["after"].flatMap(Int64.init), line >= 0, let hash = query["hash"] else {
            throw ControlError(
                .invalid, "`after` must be the number of a line, and `hash` what that line must have",
                hint: "`last` and `head` of the answer before; both or neither")
        }
        return AuditPart(line: line, hash: hash)
    }

    /// The parameter `confirm`: seconds.
    func confirm() throws(ControlError) -> Double? {
        guard let text = query["confirm"] else { return nil }
        guard let seconds = Double(text) else {
            throw ControlError(.invalid, "`confirm` must be a number of seconds, not `\(text)`")
        }
        try checkConfirm(seconds)
        return seconds
    }
}

extension ProtectRequest {
    init(_ request: HTTPRequest) throws(ControlError) {
        self = try request.document(ProtectRequest.self)
        try checkReason(reason)
    }
}

extension ModeRequest {
    init(_ request: HTTPRequest) throws(ControlError) {
        self = try request.document(ModeRequest.self)
        try checkConfirm(confirm)
    }
}

extension TrailQuery {
    init(_ request: HTTPRequest, or limit: Int = ListLimits.usual) throws(ControlError) {
        self.init(
            since: try request.since(), source: try request.source(), reason: request.query["reason"],
            kind: try request.word("kind"), limit: try request.limit() ?? limit)
    }
}

extension ListQuery<BanOrder> {
    init(_ request: HTTPRequest) throws(ControlError) {
        self.init(
            since: try request.since(), source: try request.source(), reason: request.query["reason"],
            limit: try request.limit(), order: try request.word("sort", or: .since))
    }
}

extension ListQuery<AlertOrder> {
    init(_ request: HTTPRequest) throws(ControlError) {
        self.init(
            since: try request.since(), source: try request.source(), reason: request.query["reason"],
            limit: try request.limit() ?? ListLimits.usual, order: try request.word("sort", or: .time))
    }
}

extension TopQuery {
    init(_ request: HTTPRequest) throws(ControlError) {
        self.init(
            view: try request.word("view", or: .source), source: try request.source(),
            limit: try request.limit() ?? ListLimits.usual, order: try request.word("sort", or: .packets))
        if source != nil, view != .source {
            throw ControlError(.invalid, "`source` is for the view of sources", hint: "view=source")
        }
    }
}

extension FlowQuery {
    init(_ request: HTTPRequest) throws(ControlError) {
        self.init(
            source: try request.source(), limit: try request.limit() ?? ListLimits.usual,
            order: try request.word("sort", or: .packets))
    }
}

extension BanRequest {
    init(_ request: HTTPRequest) throws(ControlError) {
        self = try request.document(BanRequest.self)
        try checkDuration(duration)
        try checkReason(reason)
        try checkConfirm(confirm)
    }
}

extension AllowRequest {
    init(_ request: HTTPRequest) throws(ControlError) {
        self = try request.document(AllowRequest.self)
        try checkDuration(duration)
        try checkReason(reason)
        try checkConfirm(confirm)
    }
}

extension BatchRequest {
    init(_ request: HTTPRequest) throws(ControlError) {
        self = try request.document(BatchRequest.self)
        try checkDuration(duration)
        try checkReason(reason)
        try checkConfirm(confirm)
        guard (1...Self.mostPrefixes).contains(prefixes.count) else {
            throw ControlError(
                .invalid, "`prefixes` must be a list of 1 to \(Self.mostPrefixes), not of \(prefixes.count)")
        }
        if confirm != nil, action == .protect || action == .unprotect {
            throw ControlError(.invalid, "`confirm` is not for `\(action.rawValue)`, which makes no rule")
        }
    }
}

/// Ten years: longer ones are meant to have no end, and must not overflow.
private let longestDuration = 10.0 * 365 * 86400

private func checkDuration(_ duration: Double?) throws(ControlError) {
    guard let duration else { return }
    guard duration > 0, duration <= longestDuration else {
        throw ControlError(
            .invalid, "`duration` must be more than 0 and at most ten years, in seconds",
            hint: "leave it out for a rule without an end")
    }
}

private func checkConfirm(_ seconds: Double?) throws(ControlError) {
    guard let seconds else { return }
    guard seconds > 0, seconds <= 86_400 else {
        throw ControlError(
            .invalid, "`confirm` must be more than 0 and at most a day, in seconds",
            hint: "leave it out for a change that stays without being confirmed")
    }
}

private func checkReason(_ reason: String?) throws(ControlError) {
    if let reason, reason.utf8.count > 1000 {
        throw ControlError(.invalid, "`reason` is longer than 1000 bytes")
    }
}
