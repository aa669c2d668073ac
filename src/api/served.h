// Why: what the API has to know of a model to offer it. `cli` hands it in, so that the API does not know the store.
// Thread: plain values.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "model/metadata.h"

namespace eai::api {

struct ServedModel {
  std::string id;           // the model's hash, canonical text
  std::string folder_name;  // as people call it
  model::Task task = model::Task::chat;
  std::optional<double> ram_gb;                     // as the uploader stated it
  bool has_projector = false;                       // takes pictures
  std::chrono::system_clock::time_point created{};  // when it came into the store
};

}  // namespace eai::api
