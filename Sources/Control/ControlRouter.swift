import Foundation

/// From a request to an answer, by the table of routes.
struct ControlRouter: Sendable {
    let service: any ControlService

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
        let routes =
            request.path.first == "v1" ? Route.all.filter { $0.matches(request.path.dropFirst()) } : []
        guard !routes.isEmpty else { throw Self.unknownPath(request) }
        guard let route = routes.first(where: { $0.method == request.method }) else {
            let error = ControlError(.methodNotAllowed, "\(request.method) is not possible here")
            return .failure(error, allow: routes.map(\.method).sorted())
        }
        let known = route.parameters.map(\.name)
        if let unknown = request.query.keys.sorted().first(where: { !known.contains($0) }) {
            let expected = known.isEmpty ? "none" : known.sorted().joined(separator: ", ")
            throw ControlError(.invalid, "unknown parameter `\(unknown)`", hint: "expected: \(expected)")
        }
        return try await route.respond(service, request)
    }

    private static func unknownPath(_ request: HTTPRequest) -> ControlError {
        var words: [String] = []
        for route in Route.all {
            if let word = route.path.first, !words.contains(word) { words.append(word) }
        }
        return ControlError(
            .notFound, "no such path: /\(request.path.joined(separator: "/"))",
            hint: "expected /v1/ and one of \(words.joined(separator: ", "))")
    }
}

extension ControlError {
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
        // Strings cannot fail to be encoded.
        let body = (try? Wire.encode(ErrorDocument(error: error))) ?? Data()
        return HTTPResponse(status: error.status, allow: allow, body: body)
    }
}
