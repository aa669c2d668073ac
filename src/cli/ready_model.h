// Why: `eai run` wants a model that answers, whatever that takes: a download, a server, or nothing.
// Thread: one.
#pragma once

#include <optional>
#include <string>

#include "cli/commands.h"
#include "cli/interrupt.h"

namespace eai::cli {

struct ChatModel {
  fs::path socket;  // the server's private one
  std::string hash;
  std::string name;  // for people
};

// A server that runs, and serves other models: it stays, or is replaced by one that serves this one.
enum class OtherServer { stays, is_replaced };

// Brings the model here and starts a server in the background if none runs. Nothing: it was interrupted. Code::busy: a
// server runs that does not serve it, and stays; Code::invalid: the model does not chat.
Result<std::optional<ChatModel>> ready_chat_model(Context& context, const std::string& name, OtherServer other,
                                                  const Interrupt& interrupt);

}  // namespace eai::cli
