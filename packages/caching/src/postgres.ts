// @agent4/caching/postgres: a bus over pg clients that the application makes. Nothing here imports pg.
export { type PostgresListener, type PostgresQueries, postgresBus } from './postgres/bus.ts';
