import { RefreshCw } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { toApiError } from "../api/api-error.ts";
import { errorText } from "../api/error-text.ts";
import { Alert } from "../ui/Alert.tsx";
import { Button } from "../ui/Button.tsx";
import { NotFound } from "./NotFound.tsx";

interface QueryLike<T> {
  readonly data: T | undefined;
  readonly error: unknown;
  readonly isFetching: boolean;
  readonly refetch: () => unknown;
}

export interface LoadedProps<T> {
  readonly query: QueryLike<T>;
  readonly skeleton: ReactNode;
  /** It is what the whole page is about: without it there is no such page. */
  readonly isPage?: boolean;
  readonly children: (data: T) => ReactNode;
}

/**
 * The states of whatever is fetched: a skeleton while it loads, the error with another try, the data. Data that could
 * not be renewed stays, with a word about it.
 */
export function Loaded<T>({ query, skeleton, isPage = false, children }: LoadedProps<T>) {
  const { t } = useTranslation();
  const retry = (
    <Button isBusy={query.isFetching} onClick={() => void query.refetch()}>
      {!query.isFetching && <RefreshCw aria-hidden />}
      {t("common.tryAgain")}
    </Button>
  );
  if (query.data === undefined) {
    if (query.error === null) {
      return (
        <div role="status" aria-label={t("common.loading")}>
          {skeleton}
        </div>
      );
    }
    if (isPage && toApiError(query.error).code === "NOT_FOUND") return <NotFound />;
    const title = t("common.couldNotLoad");
    return (
      <Alert tone="bad" title={isPage ? <h1>{title}</h1> : title} action={retry}>
        {errorText(t, query.error)}
      </Alert>
    );
  }
  return (
    <>
      {query.error !== null && (
        <Alert tone="warn" title={t("common.stale")} action={retry} className="mb-4">
          {errorText(t, query.error)}
        </Alert>
      )}
      {children(query.data)}
    </>
  );
}
