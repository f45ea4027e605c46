import API
import Foundation
import Testing
import Traffic

@testable import Control

@Suite("The API's own description")
struct OpenAPITests {
    private func document() throws -> [String: Any] {
        let data = Data(try OpenAPI.text.utf8)
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    private func schemas() throws -> [String: [String: Any]] {
        let components = try #require(try document()["components"] as? [String: Any])
        return try #require(components["schemas"] as? [String: [String: Any]])
    }

    @Test("Every route is in the document, and is answered by the server", arguments: Route.all.indices)
    func hasRoute(_ index: Int) async throws {
        let route = Route.all[index]
        let paths = try #require(try document()["paths"] as? [String: [String: Any]])
        let operation = try #require(
            paths["/v1/" + route.path.joined(separator: "/")]?[route.method.rawValue.lowercased()]
                as? [String: Any])
        let parameters = try #require(operation["parameters"] as? [[String: Any]])
        let inQuery = parameters.filter { $0["in"] as? String == "query" }.compactMap {
            $0["name"] as? String
        }
        #expect(inQuery == (route.method == .get ? route.others.map(\.name) : []))
        #expect((operation["requestBody"] != nil) == (route.method == .post && !route.others.isEmpty))
        let segments = route.path.map { $0.hasPrefix("{") ? "7" : $0 }
        try await withServer { socket, _ in
            let url = "http://localhost/v1/" + segments.joined(separator: "/")
            let answer = try await curl(socket, ["-X", route.method.rawValue, url])
            #expect(answer.status != 405 && !answer.body.contains("no such path"))
        }
    }

    @Test("Every path is in the API's document for people", arguments: Route.all.indices)
    func isDocumented(_ index: Int) throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/api.md")
        let route = Route.all[index]
        let path = "`\(route.method.rawValue) /v1/\(route.path.joined(separator: "/"))`"
        #expect(try String(contentsOf: file, encoding: .utf8).contains(path))
    }

    @Test("Every member that a document is written with is described")
    func hasMembers() async throws {
        let schemas = try schemas()
        let service = StubService()
        let examples: [(String, any Encodable)] = [
            ("StatusReport", try await service.status()),
            ("BanReport", StubService.report(.init(.init(ipv4: 1)))),
            ("ChangeResult", try await service.allow(AddRequest(prefixes: [.init(.init(ipv4: 1))]))),
            ("ErrorDocument", ErrorDocument(error: ControlError(.failed, "x", hint: "y"))),
        ]
        for (name, example) in examples {
            let schema = try #require(schemas[name], "\(name)")
            let properties = try #require(schema["properties"] as? [String: Any])
            let object = try #require(
                try JSONSerialization.jsonObject(with: try Wire.encode(example)) as? [String: Any])
            #expect(Set(object.keys).isSubset(of: properties.keys), "\(name)")
            #expect(Set(try #require(schema["required"] as? [String])).isSubset(of: object.keys), "\(name)")
        }
    }

    @Test("Shapes are those of the types: words, times, limits, what may be absent")
    func hasShapes() throws {
        let ban = try #require(try schemas()["BanReport"])
        let properties = try #require(ban["properties"] as? [String: [String: Any]])
        #expect(properties["action"]?["enum"] as? [String] == ["ban", "limit", "prove"])
        #expect(properties["since"]?["format"] as? String == "date-time")
        #expect(properties["ruleID"]?["maximum"] as? Int == Int(UInt32.max))
        #expect(properties["target"]?["$ref"] as? String == "#/components/schemas/TargetReport")
        let required = try #require(ban["required"] as? [String])
        #expect(required.contains("summary") && !required.contains("expires"))
        let top = try #require(try schemas()["TopList"]?["properties"] as? [String: [String: Any]])
        #expect((top["entries"]?["items"] as? [String: String])?["$ref"] == "#/components/schemas/TopEntry")
    }

    @Test("The server serves it")
    func isServed() async throws {
        try await withServer { socket, _ in
            let answer = try await curl(socket, ["http://localhost/v1/openapi.json"])
            #expect(answer.status == 200 && answer.body.contains(#""openapi" : "3.1.0""#))
        }
    }
}
