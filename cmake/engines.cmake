# The engines are built once per pinned source, outside the build folder (setup/llama_engine.sh, setup/image_engine.sh),
# and copied beside the program, so that a build tree runs in place: bin/eai finds ../libexec/eai. It is quick if
# nothing changed.
add_custom_target(engines ALL
  COMMAND ${CMAKE_SOURCE_DIR}/setup/stage_engines.sh ${CMAKE_BINARY_DIR}/libexec/eai
  USES_TERMINAL VERBATIM
  COMMENT "Engines")
