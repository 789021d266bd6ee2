CREATE TABLE pages (path text PRIMARY KEY, title text NOT NULL);
