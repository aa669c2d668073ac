// Why: what `run` and `serve` share once they know their models: the checks before anything is started, and where the
// server lives, here or in the background.
// Thread: one.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "library/plan.h"

namespace eai::cli {

// Code::busy: a server runs and --force was not given; Code::io: the port is taken.
Result<void> check_seat_and_port(const Context& context);

// Starts a server in the background with these words of `eai`, and shows how it loads. What it told when its main model
// answered; nothing when it was interrupted, and then no server is left.
Result<std::optional<boost::json::object>> start_in_background(Context& context, const std::vector<std::string>& words,
                                                               const Interrupt& interrupt);

// How models are served, as the configuration has it.
library::ServeSettings serve_settings(const Config& config);

// Which models of a library are to be served, the main one first, when the configuration is read again.
enum class Serves { named, all };
struct Choice {
  std::function<Result<std::vector<store::Model>>(const library::Library&)> models;
  Serves serves = Serves::named;
};

// Serves these models of the library, the main one first; there may be none. Replaces a running server with --force. Comes back when the main model answers (background) or when the server has
// ended (foreground). `more_words` are added to the words of a server in the background.
Result<int> serve_models(Context& context, const library::Library& library, const std::vector<store::Model>& models,
                         const Choice& again, const std::vector<std::string>& more_words);

}  // namespace eai::cli
