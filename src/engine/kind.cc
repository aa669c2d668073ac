#include "engine/kind.h"

#include "engine/image.h"
#include "engine/llama.h"

namespace eai::engine {

const EngineKind& kind_of(model::Task task) {
  static constexpr EngineKind k_llama{
      k_llama_server, [](const ModelSpec& spec, const std::vector<Device>&) { return inspect_model(spec); },
      llama_arguments, "/metrics"};
  static constexpr EngineKind k_image{k_image_engine, inspect_image_model, image_arguments, ""};
  return task == model::Task::image_generation || task == model::Task::image_edit ? k_image : k_llama;
}

}  // namespace eai::engine
