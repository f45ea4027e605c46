import Features
import Foundation
import Traffic

/// From a request to an answer; the paths are those of `API.swift`.
struct ControlRouter: Sendable {
    let service: any ControlService

    /// Entries that lists are cut at, unless the request says how many it wants.
    private static let defaultLimit = 100
    private static let maximumLimit = 10_000

    /// The answer to a request; errors are answers too.
    func respond(to request: HTTPRequest) async -> HTTPResponse {
        do {
            return try await route(request)
        } catch let error as ControlError {
            return .failure(error)
        } catch {
            return .failure(ControlError(.failed, "\(error)"))
        }
    }

    private func route(_ request: HTTPRequest) async throws -> HTTPResponse {
        guard request.path.first == "v1", request.path.count >= 2 else { throw unknownPath(request) }
        let rest = request.path.dropFirst(2)
        switch request.path[1] {
        case "bans" where !rest.isEmpty:
            let prefix = try prefix(rest)
            return try await answer(request, ["DELETE": { BanList(bans: try await service.unban(prefix)) }])
        case "allow" where !rest.isEmpty:
            let prefix = try prefix(rest)
            return try await answer(request, ["DELETE": { try await service.disallow(prefix) }])
        case "models" where rest == ["promote"]:
            return try await answer(
                request,
                ["POST": { try await service.promote(try request.document(members: ["id"])) }])
        case "models" where rest.count == 1:
            let id = rest.joined()
            return try await answer(request, ["GET": { try await service.model(id) }])
        case "alerts" where rest.count == 2 && rest.last == "feedback":
            guard let id = rest.first.flatMap({ Int64($0) }) else { throw unknownPath(request) }
            return try await answer(
                request,
                ["POST": { try await service.judge(alert: id, try request.document(members: ["feedback"])) }])
        case "audit" where rest == ["verify"]:
            return try await answer(request, ["GET": { try await service.verifyAudit() }])
        case _ where !rest.isEmpty:
            throw unknownPath(request)
        case "models":
            return try await answer(
                request,
                [
                    "GET": { ModelList(models: try await service.models()) },
                    "POST": { try await service.challenge(try request.document(members: ["data"])) },
                ])
        case "status":
            return try await answer(request, ["GET": { try await service.status() }])
        case "bans":
            return try await answer(
                request,
                [
                    "GET": { BanList(bans: try await service.bans()) },
                    "POST": { try await service.ban(try BanRequest(request)) },
                ])
        case "allow":
            return try await answer(
                request,
                [
                    "GET": { AllowList(allowed: try await service.allowed()) },
                    "POST": { try await service.allow(try AllowRequest(request)) },
                ])
        case "mode":
            return try await answer(
                request,
                [
                    "GET": { try await service.modes() },
                    "POST": { try await service.setMode(try ModeRequest(request)) },
                ])
        case "alerts":
            return try await answer(
                request, ["GET": { try await alerts(request) }], parameters: ["since", "limit"])
        case "audit":
            return try await answer(
                request,
                [
                    "GET": {
                        AuditList(
                            lines: try await service.audit(
                                since: try since(request), limit: try limit(request)))
                    }
                ], parameters: ["since", "limit"])
        case "explain":
            return try await answer(
                request, ["GET": { try await service.explain(try request.address()) }],
                parameters: ["address"])
        case "top":
            return try await answer(
                request, ["GET": { try await top(request) }], parameters: ["view", "limit"])
        case "metrics":
            guard request.method == "GET" else { return .failure(.methodNotAllowed(request), allow: ["GET"]) }
            let text = Metrics(try await service.status()).text
            return HTTPResponse(
                status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8", body: Data(text.utf8))
        default:
            throw unknownPath(request)
        }
    }

    /// Calls what the method stands for and encodes what it returns.
    private func answer(
        _ request: HTTPRequest, _ methods: [String: () async throws -> any Encodable],
        parameters: Set<String> = []
    ) async throws -> HTTPResponse {
        guard let call = methods[request.method] else {
            return .failure(.methodNotAllowed(request), allow: methods.keys.sorted())
        }
        if let unknown = request.query.keys.sorted().first(where: { !parameters.contains($0) }) {
            let expected = parameters.isEmpty ? "none" : parameters.sorted().joined(separator: ", ")
            throw ControlError(.invalid, "unknown parameter `\(unknown)`", hint: "expected: \(expected)")
        }
        let document = try await call()
        return HTTPResponse(status: request.method == "POST" ? 201 : 200, body: try Wire.encode(document))
    }

    private func alerts(_ request: HTTPRequest) async throws -> AlertList {
        AlertList(alerts: try await service.alerts(since: try since(request), limit: try limit(request)))
    }

    private func since(_ request: HTTPRequest) throws(ControlError) -> Timestamp? {
        guard let text = request.query["since"] else { return nil }
        guard let since = Timestamp(rfc3339: text) else {
            throw ControlError(
                .invalid, "`since` must be a time, not `\(text)`", hint: "such as 2026-03-01T12:00:00Z")
        }
        return since
    }

    private func top(_ request: HTTPRequest) async throws -> TopList {
        let text = request.query["view"] ?? Entity.View.source.rawValue
        guard let view = Entity.View(rawValue: text) else {
            throw ControlError(.invalid, "`view` must be source or destination, not `\(text)`")
        }
        return TopList(view: view, entries: try await service.top(view: view, limit: try limit(request)))
    }

    private func limit(_ request: HTTPRequest) throws(ControlError) -> Int {
        guard let text = request.query["limit"] else { return Self.defaultLimit }
        guard let limit = Int(text), (1...Self.maximumLimit).contains(limit) else {
            throw ControlError(
                .invalid, "`limit` must be a number from 1 to \(Self.maximumLimit), not `\(text)`")
        }
        return limit
    }

    /// `10.0.0.0%2F8` as one segment, or `10.0.0.0/8` as two.
    private func prefix(_ segments: ArraySlice<String>) throws(ControlError) -> Prefix {
        let text = segments.joined(separator: "/")
        guard let prefix = Prefix(text) else {
            throw ControlError(
                .invalid, "`\(text)` is neither an address nor a prefix",
                hint: "such as 192.0.2.7 or 10.0.0.0%2F8")
        }
        return prefix
    }

    private func unknownPath(_ request: HTTPRequest) -> ControlError {
        ControlError(
            .notFound, "no such path: /\(request.path.joined(separator: "/"))",
            hint:
                "expected /v1/ and one of status, bans, allow, mode, alerts, audit, explain, models, top, metrics"
        )
    }
}

extension HTTPRequest {
    fileprivate func address() throws(ControlError) -> Address {
        guard let text = query["address"] else {
            throw ControlError(.invalid, "the parameter `address` is missing")
        }
        guard let address = Address(text) else {
            throw ControlError(
                .invalid, "`\(text)` is not an address", hint: "such as 192.0.2.7 or 2001:db8::7")
        }
        return address
    }

    /// The body as a document that may have these members only: a misspelt `duration` must not become a ban
    /// for ever.
    fileprivate func document<Document: Decodable>(
        _ type: Document.Type = Document.self, members: Set<String>
    ) throws(ControlError) -> Document {
        if let object = try? JSONSerialization.jsonObject(with: body) as? [String: Any],
            let unknown = object.keys.sorted().first(where: { !members.contains($0) })
        {
            throw ControlError(
                .invalid, "unknown member `\(unknown)`",
                hint: "expected: \(members.sorted().joined(separator: ", "))")
        }
        return try Wire.decode(type, from: body)
    }
}

extension BanRequest {
    fileprivate init(_ request: HTTPRequest) throws(ControlError) {
        self = try request.document(BanRequest.self, members: ["prefix", "duration", "reason"])
        try checkDuration(duration)
        try checkReason(reason)
    }
}

extension AllowRequest {
    fileprivate init(_ request: HTTPRequest) throws(ControlError) {
        self = try request.document(AllowRequest.self, members: ["prefix", "duration", "reason"])
        try checkDuration(duration)
        try checkReason(reason)
    }
}

extension ModeRequest {
    fileprivate init(_ request: HTTPRequest) throws(ControlError) {
        self = try request.document(ModeRequest.self, members: ["mode", "group"])
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

private func checkReason(_ reason: String?) throws(ControlError) {
    if let reason, reason.utf8.count > 1000 {
        throw ControlError(.invalid, "`reason` is longer than 1000 bytes")
    }
}

extension ControlError {
    fileprivate static func methodNotAllowed(_ request: HTTPRequest) -> ControlError {
        ControlError(.methodNotAllowed, "\(request.method) is not possible here")
    }

    /// The HTTP status of the code.
    var status: Int {
        switch code {
        case .invalid: 400
        case .forbidden: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .refused: 409
        case .tooLarge: 413
        case .failed: 500
        case .unavailable: 503
        }
    }
}

/// An error as the body of an answer.
struct ErrorDocument: Codable {
    var error: ControlError
}

extension HTTPResponse {
    static func failure(_ error: ControlError, allow: [String] = []) -> HTTPResponse {
        // Three strings cannot fail to be encoded.
        let body = (try? Wire.encode(ErrorDocument(error: error))) ?? Data()
        return HTTPResponse(status: error.status, allow: allow, body: body)
    }
}
