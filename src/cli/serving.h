// Why: what `run` and `serve` share once they know their models: the checks before anything is started, and where the
// server lives, here or in the background.
// Thread: one.
#pragma once

#include <string>
#include <vector>

#include "cli/engines.h"
#include "cli/interrupt.h"
#include "cli/resolve.h"

namespace eai::cli {

// Code::busy: a server runs and --force was not given; Code::io: the port is taken.
Result<void> check_seat_and_port(const Context& context);

// `models`: the first is the main one. Replaces a running server with --force. Comes back when the main model answers
// (background) or when the server has ended (foreground). `more_words` are added to the words of a server in the
// background.
Result<int> serve_models(Context& context, const Library& library, const std::vector<store::Model>& models,
                         const std::vector<std::string>& more_words);

}  // namespace eai::cli
