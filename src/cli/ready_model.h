// Why: a command that asks a model wants one that answers, whatever that takes: a download, a server, or nothing.
// Thread: one.
#pragma once

#include <optional>
#include <string>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "model/metadata.h"

namespace eai::cli {

struct ReadyModel {
  fs::path socket;  // the server's private one
  std::string hash;
  std::string name;      // for people
  bool started = false;  // the server, by this call
};

// A server that runs, and serves other models: it stays, or is replaced by one that serves this one.
enum class OtherServer { stays, is_replaced };

struct ModelWish {
  std::string name;                      // as typed
  model::Task task = model::Task::chat;  // of a model that reads and writes text
  std::string_view command = "eai run";  // that asks, for the error's words
  OtherServer other = OtherServer::stays;
};

// Brings the model here and starts a server in the background if none runs. With --json nothing is told on the way,
// since the answer is to be the one object that is printed. Nothing: it was interrupted. Code::busy: a server runs that
// does not serve it, and stays; Code::invalid: the model has another task.
Result<std::optional<ReadyModel>> ready_model(Context& context, const ModelWish& wish, const Interrupt& interrupt);

}  // namespace eai::cli
