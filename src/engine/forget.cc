#include "engine/forget.h"

#include "engine/conversations.h"
#include "engine/measured.h"

namespace eai::engine {

Result<void> forget(const std::string& id, const fs::path& measured_file, const fs::path& slot_folder) {
  Conversations::forget_all(slot_folder, id);
  return Measured::forget(measured_file, id);
}

}  // namespace eai::engine
