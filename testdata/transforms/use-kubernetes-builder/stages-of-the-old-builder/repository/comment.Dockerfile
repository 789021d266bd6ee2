FROM alpine AS test
RUN make test
FROM alpine
# COPY --from=test /x /y
RUN echo from=test
