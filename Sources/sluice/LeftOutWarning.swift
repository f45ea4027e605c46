import Foundation
import Replay

/// Says on standard error what of captures was left out.
func warn(of leftOut: [LeftOut]) {
    let text = leftOut.map { "sluice: \($0)\n" }.joined()
    FileHandle.standardError.write(Data(text.utf8))
}
