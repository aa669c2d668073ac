// Why: the whole program as one call, so that main.cc has nothing to decide.
// Thread: one.
#pragma once

namespace eai::cli {

// The whole program; returns the exit status (see util/error_map.h).
int run(int argc, char** argv);

}  // namespace eai::cli
