// Why: an engine's program is asked something that it tells at once, and ends: its version, its devices.
// Thread: any; blocks its caller until the program has ended, at most ten seconds and a moment.
// What holds: nothing is left running. What it prints beyond 64 KiB is dropped.
#pragma once

#include <string>
#include <vector>

#include "util/file.h"
#include "util/result.h"

namespace eai::engine {

struct BriefRun {
  std::string output, diary;  // its standard output and error
};

// Code::io: the program could not be started, failed (with the last line that it printed), or did not end in time.
Result<BriefRun> run_briefly(const fs::path& program, const std::vector<std::string>& arguments);

// What the program says to --version, in one line, made safe.
Result<std::string> version_of(const fs::path& program);
// Exposed for tests: "version: 1 (abc)" of what llama-server prints beside it, else the first line.
std::string version_in(const BriefRun& told);

}  // namespace eai::engine
