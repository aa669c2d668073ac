// Why: words in, words out. The only room that prints to the user.
#pragma once

namespace eai::cli {

// The whole program; returns the exit status (see util/error_map.h).
int run(int argc, char** argv);

}  // namespace eai::cli
