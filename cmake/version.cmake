# app/version.h, written at build time: the commit is not known earlier, and only the one source file
# that includes it is compiled again when it changes.
set(stamp ${PROJECT_BINARY_DIR}/generated/app/version.h)
add_custom_target(millrace_version
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DVERSION=${PROJECT_VERSION}
          -DSTAMP=${stamp} -P ${PROJECT_SOURCE_DIR}/cmake/stamp.cmake
  BYPRODUCTS ${stamp} COMMENT "" VERBATIM)
