#include "engine/forget.h"

#include "engine/conversations.h"
#include "engine/known_fits.h"
#include "engine/measured.h"

namespace eai::engine {

Result<void> forget(const std::string& id, const Remains& remains) {
  Conversations::forget_all(remains.slot_folder, id);
  Result<void> fits = KnownFits::forget(remains.fits_file, id);
  EAI_CHECK(Measured::forget(remains.measured_file, id));
  return fits;
}

}  // namespace eai::engine
