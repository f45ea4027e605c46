// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "sluice",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "3.12.3"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        // The kernel side, as Swift sees it.
        .systemLibrary(name: "CLibbpf", pkgConfig: "libbpf", providers: [.apt(["libbpf-dev"])]),
        .target(name: "CSluiceABI"),
        .plugin(name: "CompileBPF", capability: .buildTool(), path: "Sources/CompileBPF"),
        .target(name: "CSluiceSkeleton", dependencies: ["CSluiceABI", "CLibbpf"], plugins: ["CompileBPF"]),
        .target(name: "CSluiceTwin", dependencies: ["CSluiceABI"]),
        .systemLibrary(name: "CLibpcap", pkgConfig: "libpcap", providers: [.apt(["libpcap-dev"])]),
        .systemLibrary(
            name: "CCompression", providers: [.apt(["zlib1g-dev", "libzstd-dev", "liblzma-dev"])]),

        // Pure Swift: no C, no I/O. The exceptions are two in C, without state: hints about memory, and a kernel of integer arithmetic.
        .target(name: "CMemory"),
        .target(name: "CInt8Kernel"),
        .library("Traffic"),
        .library("Features", ["CMemory", "Traffic", .numerics]),
        .library("Models", [.numerics]),
        .library("Scoring", ["CInt8Kernel", "Models"]),
        .library(
            "Detection", ["Features", "Models", "Scoring", "Traffic", .numerics],
            resources: [.embedInCode("Resources/default.safetensors")]),
        .library("Evaluation", ["Features", "Models", "Traffic", .numerics]),
        .library("Policy", ["Detection", "Features", "Traffic"]),
        .library("Engine", ["Detection", "Policy", "Traffic"]),

        // The boundary to the kernel and to capture files.
        .library("FlowTable", ["CMemory", "CSluiceABI", "Traffic"]),
        .library("BPF", ["CLibbpf"]),
        .library("Datapath", ["BPF", "CLibbpf", "CSluiceABI", "CSluiceSkeleton", "FlowTable", "Traffic"]),
        .library("Doctor", ["BPF", "Datapath", "Traffic"]),
        .library(
            "Replay", ["CCompression", "CLibpcap", "CSluiceABI", "CSluiceTwin", "FlowTable", "Traffic"]),

        // The agent and what it talks to.
        .library("Signing", ["Models", .product(name: "Crypto", package: "swift-crypto")]),
        .library(
            "Configuration",
            ["Detection", "Features", "Models", "Policy", "Traffic", .product(name: "Yams", package: "Yams")]),
        .library(
            "Store",
            [
                "API", "Detection", "Features", "Policy", "Signing", "Traffic",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        .library("API", ["Traffic"]),
        .library(
            "Control",
            [
                "API", "Traffic",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .library(
            "Agent",
            [
                "API", "BPF", "Configuration", "Control", "Datapath", "Detection", "Engine", "Features",
                "Models", "Policy", "Signing", "Store", "Traffic",
            ]),

        // The same logic over captures, and over what an agent has recorded.
        .library(
            "Rehearsal",
            [
                "Configuration", "Detection", "Engine", "Evaluation", "Features", "Models", "Policy",
                "Replay", "Store", "Traffic",
            ]),
        .library("Terminal"),
        .systemLibrary(name: "CMalloc"),
        .target(name: "CConfinement"),
        .executableTarget(
            name: "sluice",
            dependencies: [
                "Agent", "API", "CConfinement", "CMalloc", "Configuration", "Control", "Datapath",
                "Detection", "Doctor",
                "Evaluation", "Features", "Models", "Policy", "Rehearsal", "Replay", "Signing", "Terminal",
                "Traffic", .arguments,
            ],
            swiftSettings: .strict),

        // What scripts/bench measures from Swift.
        .executableTarget(
            name: "sluice-bench",
            dependencies: [
                "BPF", "CTestSupport", "Datapath", "Features", "Models", "Policy", "Scoring", "Store",
                "TestSupport", "Traffic",
                .arguments,
            ],
            swiftSettings: .strict),

        // The demonstration: network namespaces, real clients, real attacks.
        .library(
            "Lab",
            [
                "API", "Control", "Terminal", "Traffic",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]),
        .executableTarget(
            name: "sluice-lab",
            dependencies: ["API", "Configuration", "Control", "Lab", "Terminal", "Traffic", .arguments],
            swiftSettings: .strict),

        // Frames to test with, built layer by layer, and namespaces to send them in.
        .target(
            name: "TestSupport", dependencies: ["CTestSupport", "Traffic"], path: "Tests/TestSupport",
            swiftSettings: .strict),
        .target(name: "CTestSupport", dependencies: ["CConfinement"], path: "Tests/CTestSupport"),
        .tests("TrafficTests", ["TestSupport", "Traffic"]),
        .tests("FlowTableTests", ["CSluiceABI", "CSluiceTwin", "FlowTable", "TestSupport", "Traffic"]),
        .tests(
            "DatapathTests",
            ["BPF", "CSluiceABI", "CTestSupport", "Datapath", "Features", "Replay", "TestSupport", "Traffic"]),
        .tests("DoctorTests", ["Datapath", "Doctor"]),
        .tests("ReplayTests", ["CSluiceABI", "CSluiceTwin", "Replay", "TestSupport", "Traffic"]),
        .tests("FeaturesTests", ["Features", "TestSupport", "Traffic"]),
        .tests("ModelsTests", ["Models", .numerics]),
        .tests("ScoringTests", ["Models", "Scoring"]),
        .tests("DetectionTests", ["Detection", "Features", "Models", "Traffic"]),
        .tests("EvaluationTests", ["Evaluation", "Features", "Models", "TestSupport", "Traffic"]),
        .tests("ConfigurationTests", ["Configuration", "Detection", "Policy", "Traffic"]),
        .tests("SigningTests", ["Models", "Signing"]),
        .tests("PolicyTests", ["Detection", "Features", "Policy", "TestSupport", "Traffic"]),
        .tests(
            "StoreTests",
            [
                "API", "Detection", "Features", "Policy", "Store", "Traffic",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        .tests("ControlTests", ["API", "Control", "TestSupport", "Traffic"]),
        .tests("TerminalTests", ["Terminal"]),
        .tests(
            "CommandTests",
            [
                "Agent", "API", "Control", "Detection", "Features", "Policy", "Signing", "sluice", "Terminal",
                "Traffic", .arguments,
            ]),
        .tests(
            "AgentTests",
            [
                "Agent", "API", "BPF", "Control", "CTestSupport", "Detection", "Engine", "Features", "Models",
                "Policy", "Signing", "Store", "TestSupport", "Traffic",
            ]),
        .tests("LabTests", ["API", "Configuration", "Control", "Lab", "Terminal", "Traffic"]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu2x
)

extension [SwiftSetting] {
    static var strict: [SwiftSetting] {
        [
            .strictMemorySafety(),
            .treatAllWarnings(as: .error),
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        ]
    }
}

extension Target.Dependency {
    static var arguments: Self { .product(name: "ArgumentParser", package: "swift-argument-parser") }
    static var numerics: Self { .product(name: "RealModule", package: "swift-numerics") }
}

extension Target {
    static func tests(_ name: String, _ dependencies: [Dependency]) -> Target {
        .testTarget(name: name, dependencies: dependencies, swiftSettings: .strict)
    }

    /// A Swift library target under `Sources/`, with our settings.
    static func library(_ name: String, _ dependencies: [Dependency] = [], resources: [Resource] = [])
        -> Target
    {
        .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: .strict)
    }
}
