// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let package = Package(
    name: "sluice",
    targets: [
        // The kernel side, as Swift sees it.
        .systemLibrary(name: "CLibbpf", pkgConfig: "libbpf", providers: [.apt(["libbpf-dev"])]),
        .target(name: "CSluiceABI"),
        .plugin(name: "CompileBPF", capability: .buildTool(), path: "Sources/CompileBPF"),
        .target(name: "CSluiceSkeleton", dependencies: ["CSluiceABI", "CLibbpf"], plugins: ["CompileBPF"]),
        .target(name: "CSluiceTwin", dependencies: ["CSluiceABI"]),

        // Pure Swift: no C, no I/O.
        .target(name: "Traffic", swiftSettings: strict),

        // The boundary to the kernel and to capture files.
        .target(name: "FlowTable", dependencies: ["CSluiceABI", "Traffic"], swiftSettings: strict),
        .target(name: "BPF", dependencies: ["CLibbpf"], swiftSettings: strict),
        .target(
            name: "Datapath", dependencies: ["BPF", "CLibbpf", "CSluiceABI", "CSluiceSkeleton", "FlowTable", "Traffic"],
            swiftSettings: strict),
        .systemLibrary(name: "CLibpcap", pkgConfig: "libpcap", providers: [.apt(["libpcap-dev"])]),
        .target(
            name: "Replay", dependencies: ["CLibpcap", "CSluiceABI", "CSluiceTwin", "FlowTable", "Traffic"],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu2x
)
