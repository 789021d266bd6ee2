FROM golang:1.20
RUN go build -o /app
FROM alpine AS last
COPY --from=0 /app /app
