import Foundation
import PackagePlugin

/// Compiles `bpf/` before the C target that embeds it, so that `swift build` alone is enough.
@main
struct CompileBPF: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let bpf = context.package.directoryURL.appending(path: "bpf")
        let sources = try FileManager.default.contentsOfDirectory(at: bpf, includingPropertiesForKeys: nil)
            .filter { ["c", "h"].contains($0.pathExtension) || $0.lastPathComponent == "Makefile" }
        return [
            .buildCommand(
                displayName: "Compile bpf/",
                executable: URL(filePath: "/usr/bin/make"),
                arguments: ["--no-print-directory", "--silent", "-C", bpf.path],
                // Plugins start with an empty environment: make needs a PATH to find clang and bpftool.
                environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"],
                inputFiles: sources,
                // SwiftPM refuses a declared .h for a C target, so only the objects are declared;
                // make writes the skeletons beside them in the same command.
                outputFiles: ["sluice", "sluice_test"].map { bpf.appending(path: "build/\($0).bpf.o") }
            )
        ]
    }
}
